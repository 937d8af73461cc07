import { PROGRAM } from '../auth/identity.ts';
import type { Door } from '../channels/door.ts';
import type { Rules } from '../channels/rules.ts';
import { Refusal } from '../refusal.ts';
import type { Content } from './schedule-record.ts';

export interface LatePublish {
  readonly channel: string;
  readonly content: Content;
  /** Who scheduled it; absent: a backend. */
  readonly user?: string | undefined;
  /** Publishes once with it, within `window` milliseconds. */
  readonly key: string;
  readonly window: number;
}

/**
 * Publishes what was accepted before, by the rule that is in force now: the permission was decided
 * when it was accepted.
 *
 * @returns why not; retryable: it may succeed later
 */
export async function publishLate(
  { rules, door }: { readonly rules: Rules; readonly door: Door },
  { channel, content, user, key, window }: LatePublish,
): Promise<Refusal | null> {
  const match = rules.match(channel);
  if (match === null) return new Refusal('channel_unknown');
  const outcome = await door.publish({
    ...{ channel, checked: true, allowance: null },
    draft: { ...content, key },
    by: { ...PROGRAM, user: user ?? null },
    decision: { ...match, rule: { ...match.rule, dedupe: Math.max(match.rule.dedupe, window) } },
  });
  return outcome instanceof Refusal ? outcome : null;
}

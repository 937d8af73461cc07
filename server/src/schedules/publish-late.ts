import { PROGRAM } from '../auth/identity.ts';
import type { Door } from '../channels/door.ts';
import type { Rules } from '../channels/rules.ts';
import type { EventBus } from '../events.ts';
import { Refusal } from '../refusal.ts';
import type { Clock } from '../util/clock.ts';
import type { Content } from './schedule-record.ts';

export interface LatePublish {
  readonly kind: 'once' | 'recurring';
  /** When it was due. */
  readonly at: number;
  readonly channel: string;
  readonly content: Content;
  /** Who scheduled it; absent: a backend. */
  readonly user?: string | undefined;
  /** Publishes once with it, within `window` milliseconds. */
  readonly key: string;
  readonly window: number;
}

export interface LatePublishParts {
  readonly rules: Rules;
  readonly door: Door;
  readonly events: EventBus;
  readonly clock: Clock;
}

/**
 * Publishes what was accepted before, by the rule that is in force now: the permission was decided
 * when it was accepted. What is refused for good is dropped, and reported as a fault.
 *
 * @returns whether it is over; `false`: it was refused for now
 */
export async function publishLate(parts: LatePublishParts, publish: LatePublish): Promise<boolean> {
  const { events, clock } = parts;
  const { channel, kind, at } = publish;
  const refusal = await carryOut(parts, publish);
  if (refusal === null) {
    events.emit('latePublished', { channel, kind, delay: Math.max(0, clock.now() - at) });
  } else if (refusal.body.retryable) {
    return false;
  } else {
    const { error } = refusal;
    events.emit('lateDropped', { channel, kind, error });
    events.emit('fault', { where: 'schedules', error: new Error(`a message for "${channel}" was refused: ${error}`) });
  }
  return true;
}

async function carryOut(
  { rules, door }: LatePublishParts,
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

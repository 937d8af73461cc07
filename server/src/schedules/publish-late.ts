import { PROGRAM } from '../auth/identity.ts';
import type { Door, PublishOutcome } from '../channels/door.ts';
import type { Publication } from '../channels/publication.ts';
import type { Rules } from '../channels/rules.ts';
import type { EventBus } from '../events.ts';
import { Refusal } from '../refusal.ts';
import type { Clock } from '../util/clock.ts';
import type { NowOrLater } from '../util/now-or-later.ts';
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
  /** Does the log append a message and its copies in one step? */
  readonly copies: () => boolean;
}

/**
 * Publishes what was accepted before, by the rule that is in force now: the permission was decided
 * when it was accepted. What is refused for good is dropped, and reported as a fault.
 *
 * @returns whether it is over; `false`: it was refused for now
 */
export async function publishLate(parts: LatePublishParts, publish: LatePublish): Promise<boolean> {
  const [isOver] = await publishAllLate(parts, [publish]);
  return isOver === true;
}

/**
 * The same for several, which are appended in their order. If one is refused for now, none behind it
 * in its channel is published.
 *
 * @returns for each of them whether it is over
 */
export async function publishAllLate(
  parts: LatePublishParts,
  publishes: readonly LatePublish[],
): Promise<readonly boolean[]> {
  const begun = await beginAll(parts, publishes);
  const outcomes = await finishInOrder(
    parts,
    publishes.map((publish) => begun.get(publish) ?? WAITS),
  );
  return publishes.map((publish, at) => report(parts, publish, outcomes[at] ?? WAITS));
}

/** Of a message behind one that was refused for now. */
const WAITS = new Refusal('unavailable');

type Begun = Publication | Refusal;

/** Everything before the append: one after the other in each channel, because hooks may answer in another order. */
async function beginAll(
  parts: LatePublishParts,
  publishes: readonly LatePublish[],
): Promise<ReadonlyMap<LatePublish, Begun>> {
  const begun = new Map<LatePublish, Begun>();
  const beginOwn = async (own: readonly LatePublish[]): Promise<void> => {
    for (const publish of own) {
      const one = await begin(parts, publish);
      begun.set(publish, one);
      if (isForNow(one)) return;
    }
  };
  await Promise.all(byChannel(publishes).map(beginOwn));
  return begun;
}

function byChannel(publishes: readonly LatePublish[]): readonly (readonly LatePublish[])[] {
  const channels = new Map<string, LatePublish[]>();
  for (const publish of publishes) {
    const own = channels.get(publish.channel);
    if (own === undefined) channels.set(publish.channel, [publish]);
    else own.push(publish);
  }
  return [...channels.values()];
}

function begin(
  { rules, door }: LatePublishParts,
  { channel, content, user, key, window }: LatePublish,
): NowOrLater<Begun> {
  const match = rules.match(channel);
  if (match === null) return new Refusal('channel_unknown');
  return door.begin({
    ...{ channel, checked: true, allowance: null },
    draft: { ...content, key },
    by: { ...PROGRAM, user: user ?? null },
    decision: { ...match, rule: { ...match.rule, dedupe: Math.max(match.rule.dedupe, window) } },
  });
}

/**
 * The appends: submitted in their order without waiting, because an engine that refuses one refuses
 * those behind it in its channel. Copies that the log does not append in the same step have no such
 * promise, so then each append is waited for.
 */
async function finishInOrder(
  { door, copies }: LatePublishParts,
  begun: readonly Begun[],
): Promise<readonly PublishOutcome[]> {
  const isOneByOne = !copies() && begun.some((one) => !(one instanceof Refusal) && one.bound.length > 0);
  const blocked = new Map<string, Refusal>();
  const outcomes: NowOrLater<PublishOutcome>[] = [];
  for (const one of begun) {
    const before = one instanceof Refusal ? one : blocked.get(one.channel);
    if (before !== undefined) {
      if (!(one instanceof Refusal)) one.span?.end(before);
      outcomes.push(before);
      continue;
    }
    const publication = one as Publication;
    const outcome = door.finish(publication);
    outcomes.push(isOneByOne ? await outcome : outcome);
    const known = outcomes.at(-1);
    if (known instanceof Refusal && isForNow(known)) blocked.set(publication.channel, known);
  }
  return Promise.all(outcomes);
}

const isForNow = (outcome: Begun | PublishOutcome): outcome is Refusal =>
  outcome instanceof Refusal && outcome.body.retryable;

/** @returns whether it is over */
function report(
  { events, clock }: LatePublishParts,
  { channel, kind, at }: LatePublish,
  outcome: PublishOutcome,
): boolean {
  if (!(outcome instanceof Refusal)) {
    events.emit('latePublished', { channel, kind, delay: Math.max(0, clock.now() - at) });
    return true;
  }
  if (outcome.body.retryable) return false;
  const { error } = outcome;
  events.emit('lateDropped', { channel, kind, error });
  events.emit('fault', { where: 'schedules', error: new Error(`a message for "${channel}" was refused: ${error}`) });
  return true;
}

import type { GapReason, Position } from '@sluice/protocol';
import type { LoggedMessage } from './logged-message.ts';

/**
 * Maximum dead letters of one group. While its list is full, no message dies: it is delivered again.
 * A message that has expired must not be delivered: it is dropped, and counted.
 */
export const MOST_DEAD = 10_000;

/** Expired messages that one operation handles: few enough not to be felt by others. */
export const MOST_EXPIRED = 1_000;

/**
 * Maximum gaps of one group that are not confirmed. With more, the two oldest become one, which also
 * covers what is between them.
 */
export const MOST_GAPS = 100;

/** By what a group keeps the order: all its messages, or those that have the same value of a tag. */
export type OrderBy = { readonly kind: 'all' } | { readonly kind: 'tag'; readonly tag: string };

/**
 * How a group delivers; durations in milliseconds. The caller passes the options with each
 * operation, so an engine stores no configuration, and a changed rule applies at once.
 */
export interface GroupOptions {
  /** A delivery that is not settled within this time expires. */
  readonly ackTimeout: number;
  /** A message that was delivered this often dies instead of being delivered again; 0: unlimited. */
  readonly maxDeliveries: number;
  /**
   * Waits before the second, third… delivery; the last value repeats, none: at once. An engine
   * varies each wait by at most a fifth, so that messages that failed together do not return together.
   */
  readonly backoff: readonly number[];
  /**
   * `null`: no order. Otherwise at most one message per value is in flight, and the next one only
   * after it was acknowledged or has died. Messages without the tag have no order.
   */
  readonly orderBy: OrderBy | null;
  /** While so many messages were delivered and are not settled, no new message is delivered. */
  readonly maxUnacked: number;
  /** Where a group begins that does not exist yet: at the oldest message of the log, or after the newest. */
  readonly start: 'oldest' | 'newest';
  /** Is it the group of a queue? Then a message leaves the log when it and all before it are settled. */
  readonly queue: boolean;
  /**
   * Of a queue: how many settled messages the log keeps behind one that is not settled. With more, the
   * group keeps that message itself, and the log drops them all. Absent: any number.
   */
  readonly maxSettled?: number;
  /** A group that was not used for this long is deleted; `null`: never. */
  readonly expires: number | null;
}

/** The group of a queue, and how many unsettled messages it may hold: part of each append to the queue. */
export interface QueueBounds {
  readonly group: string;
  readonly maxLength: number;
  /** At `maxLength`: refuse the append with `QueueFull`, or let the oldest message die that is not in flight. */
  readonly overflow: 'reject' | 'dead-letter';
}

/** Names a group of a channel. */
export interface GroupRef {
  readonly channel: string;
  readonly group: string;
}

export interface ClaimRequest {
  /**
   * Part of the ids of these deliveries: unique for each claim, and not to be guessed, because
   * anybody who knows the id of a delivery may settle it. 1 to 32 characters without a dot.
   */
  readonly token: string;
  /** Maximum deliveries. */
  readonly max: number;
  /** The claim ends with the message with which all have at least this many characters as JSON. */
  readonly maxLength: number;
  /** The fence of the group, if it has one: see `GroupStore.fence`. */
  readonly fence?: string | undefined;
}

/** A message on its way to one consumer. */
export interface Delivery {
  /** Names this delivery of the message; see `delivery-id.ts`. */
  readonly id: string;
  /** 1 for the first delivery. */
  readonly attempt: number;
  readonly message: LoggedMessage;
}

/**
 * Messages that the log lost before the group had settled them: those after `from` up to `to` that
 * were not settled.
 */
export interface GroupGap {
  readonly from: Position;
  readonly to: Position;
  readonly reason: Extract<GapReason, 'epoch_changed' | 'retention' | 'purged'>;
}

/** @param purged did the backend remove the messages? Otherwise retention did */
export function gapOf(from: Position, to: Position, purged = false): GroupGap {
  if (from.epoch !== to.epoch) return { from, to, reason: 'epoch_changed' };
  return { from, to, reason: purged ? 'purged' : 'retention' };
}

/** What remains of gaps without known ones. A gap that has grown begins where the known one ends. */
export function withoutGaps(gaps: readonly GroupGap[], known: readonly GroupGap[]): readonly GroupGap[] {
  return gaps.flatMap((gap) => known.reduce<readonly GroupGap[]>(without, [gap]));
}

function without(gaps: readonly GroupGap[], { from, to }: GroupGap): readonly GroupGap[] {
  return gaps.flatMap((gap) => {
    if (gap.from.epoch !== from.epoch || gap.from.offset !== from.offset) return [gap];
    const hasGrown = gap.to.epoch !== to.epoch || gap.to.offset > to.offset;
    return hasGrown ? [gapOf(to, gap.to, gap.reason === 'purged')] : [];
  });
}

/** The result of a claim. */
export interface Claim {
  /** Of the log; a message is known by its epoch and its offset. */
  readonly epoch: string;
  readonly deliveries: readonly Delivery[];
  /** All gaps of the group that are not confirmed, in the order in which they were found. */
  readonly gaps: readonly GroupGap[];
  /**
   * Milliseconds after which it is worth claiming again although nothing was announced: a backoff or
   * an `ackTimeout` is over then. At most `ackTimeout`, because another node may have claimed meanwhile.
   */
  readonly wait: number;
  /** Dead letters in the group's list. */
  readonly dead: number;
  /** Messages that this claim found expired. They died, or were dropped. */
  readonly expired: number;
  /** Of `expired`, those that were dropped because the dead list is full. */
  readonly dropped: number;
  /** The group has another fence than the request, or none: nothing was claimed. */
  readonly isFenced?: true;
}

/** What to do with deliveries. */
export type Outcome =
  /** The messages are settled. */
  | { readonly type: 'ack' }
  /** They failed: to be delivered again after `delay`, by default after the backoff. `error`: why, for the dead letter. */
  | { readonly type: 'nack'; readonly delay?: number; readonly error?: string }
  /** They will never succeed: they die with the reason `rejected`. */
  | { readonly type: 'reject'; readonly error?: string }
  /** They take longer: their `ackTimeout` begins again. */
  | { readonly type: 'extend' }
  /** Nobody has received them: they are ready again at once, as if they had not been claimed. */
  | { readonly type: 'return' }
  /** Their consumer has gone: they expire after `grace`, or earlier. */
  | { readonly type: 'release'; readonly grace: number };

/** The result of settling deliveries. */
export interface Settled {
  /** For each id, in order: was the delivery in flight? If not, nothing was done with it. */
  readonly accepted: readonly boolean[];
  /** Dead letters in the group's list. */
  readonly dead: number;
}

/** Why a message died. */
export type DeathReason = 'rejected' | 'max_deliveries' | 'expired' | 'overflow';

/** A message that a group gave up. */
export interface DeadLetter {
  /** Grows with each dead letter of the group. */
  readonly ordinal: number;
  readonly epoch: string;
  readonly reason: DeathReason;
  /** How often it was delivered. */
  readonly deliveries: number;
  /** What the consumer said about its latest failure. */
  readonly error?: string;
  /** When it died: milliseconds since the Unix epoch. */
  readonly time: number;
  readonly message: LoggedMessage;
}

/** A page of a group's dead letters. */
export interface DeadPage {
  /** In the order in which they died. */
  readonly letters: readonly DeadLetter[];
  /** Number of all dead letters. */
  readonly total: number;
}

/** The numbers of a group at one moment. */
export interface GroupStats {
  readonly epoch: string;
  /** Every message up to this offset is settled. */
  readonly floor: number;
  /** Offset of the newest message of the log. */
  readonly head: number;
  /**
   * Messages that wait for a consumer, including those that wait for an earlier one of their order, and
   * those for which the next claim has to decide: their delivery, backoff or `expiresAt` is over.
   */
  readonly ready: number;
  readonly inFlight: number;
  /** Messages that wait for the end of their backoff. */
  readonly delayed: number;
  readonly dead: number;
  /** When the oldest unsettled message was published, in milliseconds since the Unix epoch; `null`: there is none. */
  readonly oldest: number | null;
}

/**
 * Called when something may have become claimable in a watched group, on any node: a message was
 * appended, a delivery was given back, the order allows the next message. A hint: it may come too
 * often, and if one is lost, the next claim is at most `Claim.wait` late.
 */
export type Claimable = (channel: string, group: string) => void;

/**
 * Consumer groups: cursors over a channel's log that many consumers share. Each message is delivered
 * to one consumer at a time, until it is settled: acknowledged, or dead.
 *
 * Duties of an engine:
 * - Every operation is atomic, also across nodes: a message is never in two deliveries at once, unless
 *   the first has expired.
 * - A group that is used for the first time begins at `GroupOptions.start`. The group of a queue exists
 *   from the first append.
 * - A message is delivered until it is settled: at least once. First deliveries are in log order.
 *   Messages that are due again come before new ones.
 * - A delivery ends when it is settled or when it expires. From then on its id is refused, even if the
 *   message is delivered again, the group was moved by `seek`, or the log has a new epoch.
 * - An expired delivery counts as a `nack` without a delay.
 * - A message whose `expiresAt` has passed is not delivered: the claim that finds it lets it die with the
 *   reason `expired`. A delivery in flight may still be acknowledged. A message that was redriven does not
 *   expire again.
 * - A message that dies is put into the group's dead list in the same step, with a copy: the log may drop it.
 * - If the log lost messages that are not settled (retention, a new epoch), claims return a gap until
 *   it is confirmed: nothing is skipped silently, even if whoever claimed it is gone. So two nodes that
 *   claim before one of them confirms both know of it.
 * - What `settle` has confirmed is stored as safely as an acknowledged append. A claim need not be: if a
 *   crash undoes it, the message is delivered again.
 * - A log is kept as long as one of its groups has unsettled messages.
 * - A group with a fence executes only claims that carry it, and a group without one only claims without:
 *   a process that was paused, or a call that is late, takes nothing from whoever has set the latest fence.
 *
 * Time is passed neither in nor out: an engine uses its own clock, and a caller that needs the time of
 * an expiry adds `ackTimeout` to the time before its call. Methods return a value (memory) or a
 * promise; a rejection with `EngineUnavailable` means that the operation was not executed, or, if the
 * answer was lost, that it may have been: deliveries of such a claim expire, and such a settlement may
 * be repeated.
 */
export interface GroupStore {
  /** Must be called once, before any other method. */
  start(claimable: Claimable): void;
  /** The group got its first consumer on this node: announce when something may be claimable. */
  watch(ref: GroupRef): void | Promise<void>;
  /** The group lost its last consumer on this node. */
  unwatch(ref: GroupRef): void;
  /**
   * Sets the fence of the group, 1 to 32 characters, in place of an earlier one. In the same step its
   * deliveries and delays end: the next claims begin at the floor, in the order of the log.
   */
  fence(ref: GroupRef, options: GroupOptions, fence: string): void | Promise<void>;
  /** Takes at most `max` messages that are ready. Deliveries that have expired are handled first. */
  claim(ref: GroupRef, options: GroupOptions, request: ClaimRequest): Claim | Promise<Claim>;
  /** Does the same with several deliveries. An id of any form that is not in flight is not accepted. */
  settle(ref: GroupRef, options: GroupOptions, ids: readonly string[], outcome: Outcome): Settled | Promise<Settled>;
  /**
   * Consumers know of these gaps, as a claim has returned them: no claim returns them again. If one
   * has grown since then, claims return the rest. Gaps that the group does not have are ignored.
   */
  confirmGaps(ref: GroupRef, gaps: readonly GroupGap[]): void | Promise<void>;
  /** The numbers of a group. Does not create it. */
  stats(ref: GroupRef, options: GroupOptions): GroupStats | Promise<GroupStats>;
  /**
   * Moves the group: messages up to `offset` count as settled, later ones as not delivered, as far as
   * the log holds them. If a later one was not settled and the log has lost it, that is a gap.
   * Deliveries in flight end. The dead list and the gaps stay.
   *
   * @returns the position of the group
   */
  seek(ref: GroupRef, options: GroupOptions, offset: number): Position | Promise<Position>;
  /** At most `limit` dead letters with an ordinal greater than `after`. */
  dead(ref: GroupRef, after: number, limit: number): DeadPage | Promise<DeadPage>;
  /** Removes dead letters for good. Returns how many there were. */
  bury(ref: GroupRef, ordinals: readonly number[]): number | Promise<number>;
  /**
   * Makes dead letters ready again, under their old offset and as if they had not been delivered yet.
   *
   * @param ordinals which ones; `null`: all
   * @returns how many
   */
  redrive(ref: GroupRef, options: GroupOptions, ordinals: readonly number[] | null): number | Promise<number>;
}

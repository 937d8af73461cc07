import { type Conditions, EVERY, type Position } from '@sluice/protocol';
import type { Identity } from '../auth/identity.ts';
import type { SlowPolicy } from '../rule.ts';
import type { Clock } from '../util/clock.ts';
import { PLAIN, type Variant } from './audience.ts';
import type { Channel, Head } from './channel.ts';
import type { RuleMatch } from './rules.ts';
import type { EndReason, Kind, Standing } from './standing.ts';
import type { Subscriber } from './subscriber.ts';
import { keyOf } from './subscription-id.ts';
import { Told } from './told.ts';

export type CursorState = 'live' | 'replaying' | 'ended';

/** Subscriptions, by `keyOf`. */
export const SUBSCRIPTIONS: Kind<Cursor> = { name: 'subscription' };

/** Under what a cursor may go on; see `Standing.reviewed`. */
export interface CursorReview {
  readonly match: RuleMatch;
  readonly identity: Identity;
  readonly forced: Conditions | undefined;
}

/** What the hub does for the cursors that it has opened. */
export interface CursorHost {
  /** The cursor's connection refused what was fanned out. Returns whether the cursor was live. */
  overflowed(cursor: Cursor): boolean;
  /** The cursor's connection has room again. */
  drained(cursor: Cursor): void;
  /** A page shows that the log began a new epoch, which the engine has not announced. */
  renewed(channel: Channel<Cursor>, head: Head): void;
  /** See `Standing.reviewed`. */
  reviewed(cursor: Cursor, review: CursorReview): boolean;
  /** See `Standing.end`. */
  end(cursor: Cursor, reason: EndReason, message?: string): void;
}

export interface CursorOptions {
  readonly subscriber: Subscriber;
  readonly channel: Channel<Cursor>;
  readonly host: CursorHost;
  readonly variant?: Variant | undefined;
}

/**
 * What the clients of cursors without a filter know while those cursors pass expired messages. Very
 * few do, so a cursor has no field for it.
 */
const skipping = new WeakMap<Cursor, Told>();

/**
 * One subscription: a place in a channel's log, held by one connection. SPEC.md section 7.
 *
 * ```
 *            goLive()
 *   replaying ─────► live        live: new messages reach it by the channel's topic
 *       ▲             │          replaying: the replayer reads the log to it
 *       └─────────────┘
 *         fallBehind()           leave() leaves either state
 * ```
 */
export class Cursor implements Standing {
  readonly subscriber: Subscriber;
  readonly channel: Channel<Cursor>;
  readonly host: CursorHost;
  readonly variant: Variant;
  #state: CursorState = 'replaying';
  /** Life of the log in which `offset` counts. */
  epoch: string;
  /** Replaying: the last message that was sent to it. Live: the position at which it joined. */
  offset: number;
  /** Set while the reader is too slow: what its rule chooses instead of replaying. */
  skip: SlowPolicy | undefined;
  /** A page of the log was requested for this cursor. */
  reading = false;
  /** Did the client ask for the replay? After the cursor was live, it replays because of the network or the engine. */
  asked = true;
  /** The size of its next page, as a step of the replayer's scale. */
  pageStep = 2;

  constructor({ subscriber, channel, host, variant = PLAIN }: CursorOptions, start: Position) {
    this.subscriber = subscriber;
    this.channel = channel;
    this.host = host;
    this.variant = variant;
    this.epoch = start.epoch;
    this.offset = start.offset;
    channel.cursors.add(this);
  }

  get state(): CursorState {
    return this.#state;
  }

  /** Has it been sent everything that was fanned out? */
  get atHead(): boolean {
    return this.epoch === this.channel.epoch && this.offset >= this.channel.sent;
  }

  /** Is its position after the last announced message? Only the log knows whether that position exists. */
  get ahead(): boolean {
    return this.offset > this.channel.head;
  }

  /** The conditions that the client asked for; the channel's rule may have added to them. */
  get own(): Conditions {
    return EVERY;
  }

  /** The offset of the position that the client surely has; an earlier one if messages in between were skipped. */
  get told(): number {
    return skipping.get(this)?.offset ?? this.offset;
  }

  /** The position up to which it has been sent the log, except for gaps and what its filter excludes. */
  get sent(): Position {
    const { epoch, sent } = this.channel;
    return this.#state === 'live' ? { epoch, offset: sent } : { epoch: this.epoch, offset: this.offset };
  }

  /** The message at this offset was sent. */
  sentTo(offset: number): void {
    this.offset = offset;
    skipping.delete(this);
  }

  /** Everything up to this offset was sent, has expired, or does not match. */
  passTo(offset: number): void {
    if (offset <= this.offset) return;
    if (!skipping.has(this)) skipping.set(this, new Told(this.offset));
    this.offset = offset;
  }

  /**
   * Tells the client that the messages up to the cursor's offset were skipped, at most once per
   * `interval` (milliseconds). SPEC.md section 7.2, rule 7.
   */
  reportProgress(clock: Clock, interval: number): void {
    skipping.get(this)?.report(this, clock, interval);
  }

  /** A gap was sent, up to this position. */
  jumpTo({ epoch, offset }: Position): void {
    this.epoch = epoch;
    this.offset = offset;
    skipping.delete(this);
  }

  /** The fields that identify it in pushes. */
  get subject(): { readonly channel: string; readonly sub?: number } {
    const { sub } = this.variant;
    const channel = this.channelName;
    return sub === undefined ? { channel } : { channel, sub };
  }

  /**
   * Joins the fan-out. Must happen in the same step that found it at the head, or a message would
   * be lost in between.
   */
  goLive(): void {
    if (this.#state !== 'replaying') return;
    this.#state = 'live';
    this.asked = false;
    this.skip = undefined;
    skipping.delete(this);
    this.join();
  }

  /**
   * Leaves the fan-out; the replayer continues after what has been served for certain.
   *
   * @param doubtful the turn whose fan-out the transport may have refused
   */
  fallBehind(doubtful: number): void {
    if (this.#state !== 'live') return;
    this.part();
    this.#state = 'replaying';
    this.epoch = this.channel.epoch;
    this.offset = Math.max(this.offset, this.channel.served(doubtful));
  }

  /** Leaves the channel; there is no way back. */
  leave(): void {
    if (this.#state === 'live') this.part();
    this.#state = 'ended';
    this.channel.cursors.delete(this);
  }

  protected join(): void {
    this.channel.audiences.join(this.subscriber, this.variant);
  }

  protected part(): void {
    this.channel.audiences.leave(this.subscriber, this.variant);
  }

  // As a standing thing of its connection
  // -------------------------------------------------------------------------------------

  get kind(): Kind {
    return SUBSCRIPTIONS;
  }

  get key(): string {
    return keyOf(this.channelName, this.variant.sub);
  }

  /** As the client has subscribed: the channel, or a pattern whose messages it has. */
  get channelName(): string {
    return this.variant.alias ?? this.channel.name;
  }

  get verb(): 'subscribe' {
    return 'subscribe';
  }

  get ended(): boolean {
    return this.#state === 'ended';
  }

  overflowed(): boolean {
    return this.host.overflowed(this);
  }

  drained(): void {
    if (this.#state === 'replaying') this.host.drained(this);
  }

  reviewed(match: RuleMatch, identity: Identity, forced?: Conditions): boolean {
    return this.host.reviewed(this, { match, identity, forced });
  }

  end(reason: EndReason, message?: string): void {
    this.host.end(this, reason, message);
  }
}

import type { Position } from '@sluice/protocol';
import type { SlowPolicy } from '../rule.ts';
import { PLAIN } from './audience.ts';
import type { Channel } from './channel.ts';
import type { Subscriber } from './subscriber.ts';

export type CursorState = 'live' | 'replaying' | 'ended';

/**
 * One subscription: a place in a channel's log, held by one connection. SPEC.md section 7.
 *
 * ```
 *            goLive()
 *   replaying ─────► live        live: new messages reach it by the channel's topic
 *       ▲             │          replaying: the replayer reads the log to it
 *       └─────────────┘
 *         fallBehind()           end() leaves either state for good
 * ```
 */
export class Cursor {
  readonly subscriber: Subscriber;
  readonly channel: Channel;
  #state: CursorState = 'replaying';
  /** Life of the log in which `offset` counts. */
  epoch: string;
  /** Replaying: the last message that was sent to it. Live: where it joined. */
  offset: number;
  /** Set while the reader is too slow: what its rule wants instead of plain replaying. */
  skip: SlowPolicy | undefined;
  /** A page of the log is on its way to this cursor. */
  reading = false;
  /** Did the client ask for what is replayed? Once it was live, it is replayed because of the network or the engine. */
  asked = true;
  /** How large a page it takes, as a step of the replayer's scale. */
  stride = 2;

  constructor(subscriber: Subscriber, channel: Channel, start: Position) {
    this.subscriber = subscriber;
    this.channel = channel;
    this.epoch = start.epoch;
    this.offset = start.offset;
    channel.cursors.add(this);
  }

  get state(): CursorState {
    return this.#state;
  }

  /** Has it been sent all that the live cursors of its channel have? */
  get atHead(): boolean {
    return this.epoch === this.channel.epoch && this.offset >= this.channel.sent;
  }

  /** Does it stand where the log has not been yet, as far as this node has heard? Only the log can tell. */
  get ahead(): boolean {
    return this.offset > this.channel.head;
  }

  /** Joins the fan-out. Must happen in the same step that found it at the head, or a message would slip between. */
  goLive(): void {
    if (this.#state !== 'replaying') return;
    this.#state = 'live';
    this.asked = false;
    this.skip = undefined;
    this.channel.audiences.join(this.subscriber, PLAIN);
  }

  /**
   * Leaves the fan-out; the log will be read to it after `served`.
   *
   * @param served offset up to which it has surely been served
   */
  fallBehind(served: number): void {
    if (this.#state !== 'live') return;
    this.channel.audiences.leave(this.subscriber, PLAIN);
    this.#state = 'replaying';
    this.epoch = this.channel.epoch;
    this.offset = Math.max(this.offset, served);
  }

  end(): void {
    if (this.#state === 'live') this.channel.audiences.leave(this.subscriber, PLAIN);
    this.#state = 'ended';
    this.channel.cursors.delete(this);
  }
}

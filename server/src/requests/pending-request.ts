import type { CancelReason, Json } from '@sluice/protocol';
import { Refusal } from '../refusal.ts';
import type { Clock, Timer } from '../util/clock.ts';
import type { NowOrLater } from '../util/now-or-later.ts';
import type { ReplySink } from './open-request.ts';
import type { RequestEnd } from './request-end.ts';

/** Who waits for the replies. */
export interface Requester {
  /**
   * A reply that others follow.
   *
   * @param size bytes of the reply, approximately
   * @returns a promise if there is no room for another: until there is. `null`: it reads too slowly
   */
  reply(data: Json, size: number): NowOrLater<void> | null;
  /** Called exactly once, unless the requester has left. */
  settle(end: RequestEnd): void;
}

/** How the responder of a request is notified that nobody waits any more. */
export type Withdraw = (reason: CancelReason) => void;

export interface PendingRequestParts {
  readonly requester: Requester;
  readonly channel: string;
  /** Milliseconds until the first reply, and between two. */
  readonly timeout: number;
  readonly clock: Clock;
  /** Called once, at the end. `null`: the requester has left. */
  readonly onEnd: (end: RequestEnd | null) => void;
}

/** A request on the node of its requester, from its start to its one end. */
export class PendingRequest implements ReplySink {
  readonly #parts: PendingRequestParts;
  #withdraw: Withdraw = () => {};
  #timer: Timer | undefined;
  #ended = false;

  constructor(parts: PendingRequestParts) {
    this.#parts = parts;
    this.#wait();
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** The request has a responder, which is to be notified if the request ends without it. */
  assigned(withdraw: Withdraw): void {
    this.#withdraw = withdraw;
  }

  reply(data: Json, size: number): NowOrLater<void> {
    if (this.#ended) return;
    const room = this.#parts.requester.reply(data, size);
    if (room === null) {
      this.#abort('slow_reader', new Refusal('slow_reader', `the replies from "${this.#parts.channel}" are not read`));
      return;
    }
    this.#wait();
    return room instanceof Promise ? room.then(() => this.#wait()) : undefined;
  }

  end(end: RequestEnd): void {
    if (!this.#finish(end)) return;
    this.#parts.requester.settle(end);
  }

  /** The requester cancels, or loses the permission: it gets this refusal. */
  cancel(reason: CancelReason, refusal: Refusal): void {
    this.#abort(reason, refusal);
  }

  /** The requester has left: it gets nothing. */
  abandon(): void {
    if (this.#finish(null)) this.#withdraw('closed');
  }

  #abort(reason: CancelReason, refusal: Refusal): void {
    if (!this.#finish(refusal)) return;
    this.#withdraw(reason);
    this.#parts.requester.settle(refusal);
  }

  #wait(): void {
    if (this.#ended) return;
    const { clock, timeout } = this.#parts;
    this.#timer?.cancel();
    this.#timer = clock.after(timeout, () => this.#abort('timeout', this.#late()));
  }

  #late(): Refusal {
    const { channel, timeout } = this.#parts;
    return new Refusal('request_timeout', `no reply from "${channel}" within ${timeout} ms`);
  }

  #finish(end: RequestEnd | null): boolean {
    if (this.#ended) return false;
    this.#ended = true;
    this.#timer?.cancel();
    this.#parts.onEnd(end);
    return true;
  }
}

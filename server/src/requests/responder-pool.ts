import { Refusal } from '../refusal.ts';
import { ChurningSet } from '../util/churning-set.ts';
import type { NowOrLater } from '../util/now-or-later.ts';
import { LeastLoaded } from './least-loaded.ts';
import type { OpenRequest, RequestHandler } from './open-request.ts';

/** Requests that may wait for a responder of one channel on one node, and their bytes. */
const MOST_WAITING = 1_000;
const MOST_WAITING_BYTES = 8_388_608;

/** Offers a capacity to other nodes. Returns a promise if they learn of it later. */
export type OfferCapacity = (capacity: number) => NowOrLater<void>;

/** The responders of one channel on this node, and the requests that wait for one of them. */
export class ResponderPool {
  readonly channel: string;
  readonly #offer: OfferCapacity;
  readonly #handlers = new LeastLoaded<RequestHandler>();
  /** In the order of their arrival. */
  readonly #waiting = new ChurningSet<OpenRequest>();
  #waitingBytes = 0;

  constructor(channel: string, offer: OfferCapacity) {
    this.channel = channel;
    this.#offer = offer;
  }

  /** Sum of what its responders accept at the same time. */
  get capacity(): number {
    return this.#handlers.capacity;
  }

  /** Open requests, including those that wait. */
  get load(): number {
    return this.#handlers.load + this.#waiting.size;
  }

  get size(): number {
    return this.#handlers.size;
  }

  has(handler: RequestHandler): boolean {
    return this.#handlers.has(handler);
  }

  /** @returns a promise if other nodes learn of it later */
  add(handler: RequestHandler): NowOrLater<void> {
    this.#handlers.add(handler, handler.concurrency);
    this.resume(handler);
    return this.#offer(this.capacity);
  }

  /** It gets no more requests. Those that it has stay open. */
  remove(handler: RequestHandler): NowOrLater<void> {
    if (!this.#handlers.has(handler)) return;
    this.#handlers.remove(handler);
    if (this.#handlers.size === 0) for (const request of this.#waiting) request.end(noResponders(this.channel));
    return this.#offer(this.capacity);
  }

  /** The handler has room again. */
  resume(handler: RequestHandler): void {
    if (!this.#handlers.has(handler)) return;
    if (!handler.hasRoom) {
      this.#handlers.pause(handler);
      return;
    }
    this.#handlers.resume(handler);
    this.#assignWaiting();
  }

  /** Gives a request to the responder with the fewest, or lets it wait. */
  submit(request: OpenRequest): Refusal | null {
    if (this.#handlers.size === 0) return noResponders(this.channel);
    const handler = this.#handlers.take();
    if (handler !== undefined) this.#assign(request, handler);
    else return this.#wait(request);
    return null;
  }

  #wait(request: OpenRequest): Refusal | null {
    const { size } = request.parts;
    if (this.#waiting.size >= MOST_WAITING || this.#waitingBytes + size > MOST_WAITING_BYTES) {
      return new Refusal(
        'responders_busy',
        `${this.#waiting.size} requests wait for the responders of "${this.channel}"`,
      );
    }
    this.#waiting.add(request);
    this.#waitingBytes += size;
    request.leave = () => this.#leave(request);
    return null;
  }

  #leave(request: OpenRequest): void {
    if (this.#waiting.delete(request)) this.#waitingBytes -= request.parts.size;
  }

  #assignWaiting(): void {
    for (const request of this.#waiting) {
      const handler = this.#handlers.take();
      if (handler === undefined) return;
      this.#leave(request);
      this.#assign(request, handler);
    }
  }

  #assign(request: OpenRequest, handler: RequestHandler): void {
    request.handler = handler;
    request.leave = () => this.#release(request, handler);
    handler.handle(request);
    if (!handler.hasRoom) this.#handlers.pause(handler);
  }

  #release(request: OpenRequest, handler: RequestHandler): void {
    this.#handlers.release(handler);
    handler.released(request);
    this.#assignWaiting();
  }
}

export const noResponders = (channel: string): Refusal =>
  new Refusal('no_responders', `nobody responds on "${channel}"`);

import { Deque } from '../util/deque.ts';

/**
 * Milliseconds after which uWebSockets.js has freed an ended WebSocket whose peer never closes: 16
 * s, checked every 4 s. uWebSockets.js reports the close at once, and offers no way to cut the
 * socket earlier.
 */
const HELD = 20_000;

/** Default maximum of refused WebSockets that are held at a time. */
const MOST = 4_096;

export interface RefusedSocketsOptions {
  /** Monotonic milliseconds. */
  readonly monotonic: () => number;
  readonly most?: number;
}

/**
 * Counts the WebSockets that were refused with a close frame. uWebSockets.js does not report when
 * their peers have closed, so each one counts as long as it can be held.
 */
export class RefusedSockets {
  readonly #monotonic: () => number;
  readonly #most: number;
  readonly #ended = new Deque<number>();

  constructor({ monotonic, most = MOST }: RefusedSocketsOptions) {
    this.#monotonic = monotonic;
    this.#most = most;
  }

  /** The number that may still be held. */
  get size(): number {
    const now = this.#monotonic();
    while ((this.#ended.at(0) ?? now) + HELD <= now) this.#ended.shift();
    return this.#ended.length;
  }

  /**
   * @returns whether one more may be ended with a close frame; otherwise it must be cut, which
   *   frees it at once
   */
  admit(): boolean {
    if (this.size >= this.#most) return false;
    this.#ended.push(this.#monotonic());
    return true;
  }
}

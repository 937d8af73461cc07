import { Deque } from '../util/deque.ts';

/**
 * Milliseconds after which uWebSockets.js has freed a WebSocket that was ended, if its peer never closes: 16 s, looked at every 4 s. It
 * reports the close at once and hands out nothing by which the socket could be cut earlier.
 */
const HELD = 20_000;

/** Refused WebSockets that may be held at a time, by default. */
const MOST = 4_096;

export interface FarewellsOptions {
  /** Milliseconds, by a clock that nobody sets. */
  readonly monotonic: () => number;
  readonly most?: number;
}

/**
 * Counts the WebSockets that were refused with a close frame. Nobody reports when the peer of one has closed, so each one counts for as long as it can be held.
 */
export class Farewells {
  readonly #monotonic: () => number;
  readonly #most: number;
  readonly #ended = new Deque<number>();

  constructor({ monotonic, most = MOST }: FarewellsOptions) {
    this.#monotonic = monotonic;
    this.#most = most;
  }

  /** How many may still be held. */
  get size(): number {
    const now = this.#monotonic();
    while ((this.#ended.at(0) ?? now) + HELD <= now) this.#ended.shift();
    return this.#ended.length;
  }

  /** @returns whether one more may be ended with a close frame; otherwise it must be cut, which frees it at once */
  admit(): boolean {
    if (this.size >= this.#most) return false;
    this.#ended.push(this.#monotonic());
    return true;
  }
}

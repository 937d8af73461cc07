import { BATCH } from './sqs-queue.ts';

/** Most calls at the same time. */
const MOST = 20;

/**
 * How many calls read at the same time. One call returns at most 10 messages: a single long poll is
 * enough for a queue that is nearly empty, and far too slow for a full one.
 */
export class PollCount {
  #count = 1;

  /** For each call, how many messages it may return. */
  sizes(most: number): readonly number[] {
    const count = Math.min(this.#count, Math.ceil(most / BATCH));
    return Array.from({ length: count }, (_, at) => Math.min(BATCH, most - at * BATCH));
  }

  /** Doubles the number if the queue has more, and falls back to one if it is empty. */
  learn(calls: readonly { readonly length: number; readonly size: number }[]): void {
    if (calls.some(({ length }) => length === 0)) this.#count = 1;
    else if (calls.every(({ length, size }) => length === size)) this.#count = Math.min(MOST, this.#count * 2);
  }
}

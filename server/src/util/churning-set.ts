import { ChurningMap } from './churning-map.ts';

/** A set whose items come and go all the time; see `ChurningMap`. */
export class ChurningSet<T> implements Iterable<T> {
  readonly #items = new ChurningMap<T, true>();

  get size(): number {
    return this.#items.size;
  }

  /** Must not be called during an iteration. */
  add(item: T): void {
    this.#items.set(item, true);
  }

  /** @returns whether it was in the set */
  delete(item: T): boolean {
    return this.#items.delete(item);
  }

  /** In the order in which they were added. Items may be deleted during the iteration. */
  [Symbol.iterator](): Iterator<T> {
    return this.#items.keys();
  }
}

/** Entries that may have been added since the latest copy, besides as many as there are. */
const FEW = 32;

/**
 * A map whose entries come and go all the time.
 *
 * When a `Map` of V8 makes room for new entries, the table that it gives up refers to its successor.
 * Once such a table is in the old generation, every table after it is kept alive, with all entries
 * that were in it, until the next full collection: each young collection has to copy them. This map
 * moves to a new `Map` before that, to which nothing refers.
 *
 * Entries are in the order in which they were added, as in a `Map`.
 */
export class ChurningMap<K, V> {
  #map = new Map<K, V>();
  #added = 0;

  get size(): number {
    return this.#map.size;
  }

  get(key: K): V | undefined {
    return this.#map.get(key);
  }

  /** Must not be called during an iteration. */
  set(key: K, value: V): void {
    if (++this.#added > this.#map.size + FEW) this.#move();
    this.#map.set(key, value);
  }

  /** @returns whether there was an entry with this key */
  delete(key: K): boolean {
    return this.#map.delete(key);
  }

  clear(): void {
    this.#map = new Map();
    this.#added = 0;
  }

  /** Entries may be deleted during the iteration. */
  [Symbol.iterator](): Iterator<[K, V]> {
    return this.#map.entries();
  }

  keys(): IterableIterator<K> {
    return this.#map.keys();
  }

  values(): Iterable<V> {
    return this.#map.values();
  }

  #move(): void {
    this.#map = new Map(this.#map);
    this.#added = 0;
  }
}

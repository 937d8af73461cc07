/** The latest entries of a series, at most as many as its capacity. Adding one allocates nothing but the entry. */
export class RecentEntries<T> implements Iterable<T> {
  readonly #capacity: number;
  readonly #entries: T[] = [];
  /** Where the next entry goes once the list is full: the oldest entry is there. */
  #next = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#entries.length;
  }

  /** Have entries been forgotten? */
  get isFull(): boolean {
    return this.#entries.length === this.#capacity;
  }

  add(entry: T): void {
    if (this.#capacity === 0) return;
    if (this.#entries.length < this.#capacity) {
      this.#entries.push(entry);
      return;
    }
    this.#entries[this.#next] = entry;
    this.#next = (this.#next + 1) % this.#capacity;
  }

  /** From the oldest to the newest. */
  *[Symbol.iterator](): Iterator<T> {
    const { length } = this.#entries;
    for (let at = 0; at < length; at++) yield this.#entries[(this.#next + at) % length] as T;
  }
}

/** Entries of one chunk: few enough to insert in the middle, many enough to need few chunks. */
const MOST = 512;

/**
 * Entries with unique keys, in the order of their keys. An entry is found, added and removed in
 * logarithmic time, so that a list can be read page by page while it changes.
 */
export class SortedList<T> implements Iterable<T> {
  readonly #keyOf: (entry: T) => string;
  /** None is empty. */
  readonly #chunks: T[][] = [];
  #size = 0;

  constructor(keyOf: (entry: T) => string) {
    this.#keyOf = keyOf;
  }

  get size(): number {
    return this.#size;
  }

  /** Adds an entry; replaces one with the same key. */
  add(entry: T): void {
    const key = this.#keyOf(entry);
    const at = this.#chunkOf(key);
    const chunk = this.#chunks[at];
    if (chunk === undefined) {
      this.#chunks.push([entry]);
      this.#size++;
      return;
    }
    const index = this.#indexIn(chunk, key);
    const isKnown = this.#hasAt(chunk, index, key);
    chunk.splice(index, isKnown ? 1 : 0, entry);
    if (!isKnown) this.#size++;
    if (chunk.length > MOST) this.#chunks.splice(at + 1, 0, chunk.splice(MOST / 2));
  }

  get(key: string): T | undefined {
    const chunk = this.#chunks[this.#chunkOf(key)];
    if (chunk === undefined) return undefined;
    const index = this.#indexIn(chunk, key);
    return this.#hasAt(chunk, index, key) ? chunk[index] : undefined;
  }

  /** @returns whether there was an entry with this key */
  delete(key: string): boolean {
    const at = this.#chunkOf(key);
    const chunk = this.#chunks[at];
    if (chunk === undefined) return false;
    const index = this.#indexIn(chunk, key);
    if (!this.#hasAt(chunk, index, key)) return false;
    chunk.splice(index, 1);
    this.#size--;
    if (chunk.length === 0) this.#chunks.splice(at, 1);
    return true;
  }

  [Symbol.iterator](): Iterator<T> {
    return this.from('');
  }

  /** The entries whose key is at least `key`. The list must not change during the iteration. */
  *from(key: string): Generator<T, void> {
    const start = this.#chunkOf(key);
    for (let at = start; at < this.#chunks.length; at++) {
      const chunk = this.#chunks[at] as T[];
      for (let index = at === start ? this.#indexIn(chunk, key) : 0; index < chunk.length; index++) {
        yield chunk[index] as T;
      }
    }
  }

  #hasAt(chunk: readonly T[], index: number, key: string): boolean {
    return index < chunk.length && this.#keyOf(chunk[index] as T) === key;
  }

  /** The last chunk that begins at or before the key; the first if there is none. */
  #chunkOf(key: string): number {
    let low = 0;
    let high = this.#chunks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const [first] = this.#chunks[middle] as T[];
      if (this.#keyOf(first as T) <= key) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }

  /** The first entry whose key is at least `key`. */
  #indexIn(chunk: readonly T[], key: string): number {
    let low = 0;
    let high = chunk.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#keyOf(chunk[middle] as T) < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

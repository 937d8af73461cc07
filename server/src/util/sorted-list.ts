/** Entries of one chunk: few enough to insert in the middle, many enough to need few chunks. */
const MOST = 512;

/** Entries in a row. Their keys are beside them, because a search that follows each entry to its key misses the cache. */
interface Chunk<T> {
  readonly keys: string[];
  readonly entries: T[];
}

/**
 * Entries with unique keys, in the order of their keys. An entry is found, added and removed in
 * logarithmic time, so that a list can be read page by page while it changes.
 */
export class SortedList<T> implements Iterable<T> {
  readonly #keyOf: (entry: T) => string;
  /** None is empty. */
  readonly #chunks: Chunk<T>[] = [];
  #size = 0;

  /** @param keyOf an entry's key, which does not change while it is in the list */
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
      this.#chunks.push({ keys: [key], entries: [entry] });
      this.#size++;
      return;
    }
    const index = indexIn(chunk, key);
    if (chunk.keys[index] === key) {
      chunk.entries[index] = entry;
      return;
    }
    chunk.keys.splice(index, 0, key);
    chunk.entries.splice(index, 0, entry);
    this.#size++;
    if (chunk.keys.length > MOST) this.#chunks.splice(at + 1, 0, secondHalf(chunk));
  }

  get(key: string): T | undefined {
    const chunk = this.#chunks[this.#chunkOf(key)];
    if (chunk === undefined) return undefined;
    const index = indexIn(chunk, key);
    return chunk.keys[index] === key ? chunk.entries[index] : undefined;
  }

  /** @returns whether there was an entry with this key */
  delete(key: string): boolean {
    const at = this.#chunkOf(key);
    const chunk = this.#chunks[at];
    if (chunk === undefined) return false;
    const index = indexIn(chunk, key);
    if (chunk.keys[index] !== key) return false;
    chunk.keys.splice(index, 1);
    chunk.entries.splice(index, 1);
    this.#size--;
    if (chunk.keys.length === 0) this.#chunks.splice(at, 1);
    return true;
  }

  [Symbol.iterator](): Iterator<T> {
    return this.from('');
  }

  /** The entries whose key is at least `key`. The list must not change during the iteration. */
  *from(key: string): Generator<T, void> {
    const start = this.#chunkOf(key);
    for (let at = start; at < this.#chunks.length; at++) {
      const chunk = this.#chunks[at] as Chunk<T>;
      for (let index = at === start ? indexIn(chunk, key) : 0; index < chunk.entries.length; index++) {
        yield chunk.entries[index] as T;
      }
    }
  }

  /** The last chunk that begins at or before the key; the first if there is none. */
  #chunkOf(key: string): number {
    let low = 0;
    let high = this.#chunks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const [first] = (this.#chunks[middle] as Chunk<T>).keys;
      if ((first as string) <= key) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }
}

/** The first entry whose key is at least `key`. */
function indexIn({ keys }: Chunk<unknown>, key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] as string) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Removes the second half of a chunk, and returns it. */
const secondHalf = <T>({ keys, entries }: Chunk<T>): Chunk<T> => ({
  keys: keys.splice(MOST / 2),
  entries: entries.splice(MOST / 2),
});

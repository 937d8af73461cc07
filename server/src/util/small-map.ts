import { ChurningMap } from './churning-map.ts';

/**
 * A map that keeps its only entry without a table. Most maps of an idle connection have one entry,
 * and a table takes several times the memory of the entry.
 *
 * Entries are in the order in which they were added, as in a `Map`.
 */
export class SmallMap<K, V> implements Iterable<readonly [K, V]> {
  #key: K | undefined;
  /** Undefined without an entry, and with a table. */
  #value: V | undefined;
  /** From the second entry on, until it is empty. */
  #table: ChurningMap<K, V> | undefined;

  get size(): number {
    if (this.#table !== undefined) return this.#table.size;
    return this.#value === undefined ? 0 : 1;
  }

  get(key: K): V | undefined {
    if (this.#table !== undefined) return this.#table.get(key);
    return this.#key === key ? this.#value : undefined;
  }

  has(key: K): boolean {
    return this.get(key) !== undefined;
  }

  /** @param value anything but undefined */
  set(key: K, value: V): void {
    if (this.#table !== undefined) this.#table.set(key, value);
    else if (this.#value === undefined || this.#key === key) this.#keep(key, value);
    else {
      this.#table = this.#makeTable();
      this.#table.set(key, value);
      this.#forget();
    }
  }

  /** @returns whether there was an entry with this key */
  delete(key: K): boolean {
    if (this.#table === undefined) {
      const found = this.has(key);
      if (found) this.#forget();
      return found;
    }
    const found = this.#table.delete(key);
    if (this.#table.size === 0) this.#table = undefined;
    return found;
  }

  /** Entries may be deleted during the iteration. */
  [Symbol.iterator](): Iterator<readonly [K, V]> {
    if (this.#table !== undefined) return this.#table[Symbol.iterator]();
    const entries: (readonly [K, V])[] = this.#value === undefined ? [] : [[this.#key as K, this.#value]];
    return entries.values();
  }

  keys(): Iterable<K> {
    return this.#table?.keys() ?? (this.#value === undefined ? [] : [this.#key as K]);
  }

  values(): Iterable<V> {
    return this.#table?.values() ?? (this.#value === undefined ? [] : [this.#value]);
  }

  #makeTable(): ChurningMap<K, V> {
    const table = new ChurningMap<K, V>();
    for (const [known, value] of this) table.set(known, value);
    return table;
  }

  #keep(key: K, value: V): void {
    this.#key = key;
    this.#value = value;
  }

  #forget(): void {
    this.#key = undefined;
    this.#value = undefined;
  }
}

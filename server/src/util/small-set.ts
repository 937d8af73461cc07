/**
 * A set that keeps its only item without a table. Most channels have one subscription, and a table
 * takes several times the memory of a reference.
 */
export class SmallSet<T extends object> implements Iterable<T> {
  /** Undefined without an item, and with a table. */
  #item: T | undefined;
  /** From the second item on, until it is empty. */
  #table: Set<T> | undefined;

  get size(): number {
    if (this.#table !== undefined) return this.#table.size;
    return this.#item === undefined ? 0 : 1;
  }

  add(item: T): void {
    if (this.#table !== undefined) this.#table.add(item);
    else if (this.#item === undefined) this.#item = item;
    else if (this.#item !== item) {
      this.#table = new Set([this.#item, item]);
      this.#item = undefined;
    }
  }

  /** @returns whether the item was in it */
  delete(item: T): boolean {
    if (this.#table === undefined) {
      const found = this.#item === item;
      if (found) this.#item = undefined;
      return found;
    }
    const found = this.#table.delete(item);
    if (this.#table.size === 0) this.#table = undefined;
    return found;
  }

  /** Items may be deleted during the iteration. */
  [Symbol.iterator](): Iterator<T> {
    const items = this.#table ?? (this.#item === undefined ? [] : [this.#item]);
    return items.values();
  }
}

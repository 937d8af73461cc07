/** A binary heap: the smallest item is known at once, adding and removing it takes logarithmic time. */
export class Heap<T> {
  readonly #isLess: (a: T, b: T) => boolean;
  #items: T[] = [];

  constructor(isLess: (a: T, b: T) => boolean) {
    this.#isLess = isLess;
  }

  get size(): number {
    return this.#items.length;
  }

  /** The smallest item. */
  peek(): T | undefined {
    return this.#items[0];
  }

  push(item: T): void {
    this.#items.push(item);
    this.#rise(this.#items.length - 1);
  }

  /** Removes the smallest item. */
  pop(): T | undefined {
    const items = this.#items;
    const first = items[0];
    const last = items.pop();
    if (items.length === 0 || last === undefined) return first;
    items[0] = last;
    this.#sink(0);
    return first;
  }

  /** Removes all items that do not pass. */
  keep(passes: (item: T) => boolean): void {
    this.#items = this.#items.filter(passes);
    for (let at = (this.#items.length >> 1) - 1; at >= 0; at--) this.#sink(at);
  }

  clear(): void {
    this.#items = [];
  }

  #rise(from: number): void {
    for (let at = from; at > 0; ) {
      const parent = (at - 1) >> 1;
      if (!this.#swapIfLess(at, parent)) return;
      at = parent;
    }
  }

  #sink(from: number): void {
    const items = this.#items;
    for (let at = from; ; ) {
      let child = 2 * at + 1;
      if (child >= items.length) return;
      if (child + 1 < items.length && this.#isLess(items[child + 1] as T, items[child] as T)) child++;
      if (!this.#swapIfLess(child, at)) return;
      at = child;
    }
  }

  #swapIfLess(lower: number, upper: number): boolean {
    const [a, b] = [this.#items[lower] as T, this.#items[upper] as T];
    if (!this.#isLess(a, b)) return false;
    this.#items[lower] = b;
    this.#items[upper] = a;
    return true;
  }
}

/** A queue over a circular buffer: push at the end, drop from the front, read anywhere, each in constant time. */
export class Deque<T> {
  #items: (T | undefined)[] = [];
  #start = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** The item `index` places from the front. */
  at(index: number): T | undefined {
    return index < 0 || index >= this.#length ? undefined : this.#items[this.#slot(index)];
  }

  push(item: T): void {
    if (this.#length === this.#items.length) this.#grow();
    this.#items[this.#slot(this.#length)] = item;
    this.#length++;
  }

  shift(): T | undefined {
    if (this.#length === 0) return undefined;
    const item = this.#items[this.#start];
    this.#items[this.#start] = undefined; // lets the garbage collector have it
    this.#start = this.#slot(1);
    this.#length--;
    return item;
  }

  /** Removes an item from anywhere, in a time that grows with its distance from the front. */
  remove(item: T): void {
    let index = 0;
    while (index < this.#length && this.at(index) !== item) index++;
    if (index === this.#length) return;
    for (; index > 0; index--) this.#items[this.#slot(index)] = this.at(index - 1);
    this.shift();
  }

  // The buffer's length is a power of two, so a mask wraps the index.
  #slot(index: number): number {
    return (this.#start + index) & (this.#items.length - 1);
  }

  #grow(): void {
    const size = Math.max(4, this.#items.length * 2);
    const items = new Array<T | undefined>(size);
    for (let index = 0; index < this.#length; index++) items[index] = this.at(index);
    this.#items = items;
    this.#start = 0;
  }
}

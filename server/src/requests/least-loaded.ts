import { ChurningSet } from '../util/churning-set.ts';

/** Something that takes a share of the work. */
interface Entry {
  load: number;
  /** Maximum load; it is not chosen at or above it. */
  capacity: number;
  /** It is not chosen as long as it is paused. */
  paused: boolean;
}

/**
 * Chooses the one with the least load, in constant time. Of several with the same load it chooses
 * the one that has waited longest.
 */
export class LeastLoaded<T> {
  readonly #entries = new Map<T, Entry>();
  /** The ones that may be chosen, by load. A set keeps the order in which they came. */
  readonly #byLoad: ChurningSet<T>[] = [];
  /** No smaller load has an entry. */
  #least = 0;
  #capacity = 0;
  #load = 0;

  get size(): number {
    return this.#entries.size;
  }

  /** Sum of all capacities. */
  get capacity(): number {
    return this.#capacity;
  }

  /** Sum of all loads. */
  get load(): number {
    return this.#load;
  }

  [Symbol.iterator](): Iterator<T> {
    return this.#entries.keys();
  }

  add(item: T, capacity: number): void {
    this.remove(item);
    const entry = { load: 0, capacity, paused: false };
    this.#entries.set(item, entry);
    this.#capacity += capacity;
    this.#list(item, entry);
  }

  remove(item: T): void {
    const entry = this.#entries.get(item);
    if (entry === undefined) return;
    this.#unlist(item, entry);
    this.#entries.delete(item);
    this.#capacity -= entry.capacity;
    this.#load -= entry.load;
  }

  has(item: T): boolean {
    return this.#entries.has(item);
  }

  /** Takes the one with the least load, and adds one to its load. `undefined`: none has room. */
  take(): T | undefined {
    for (; this.#least < this.#byLoad.length; this.#least++) {
      const [item] = this.#byLoad[this.#least] ?? [];
      if (item === undefined) continue;
      this.#change(item, (entry) => entry.load++);
      this.#load++;
      return item;
    }
    return undefined;
  }

  /** Takes one from the load of an item. */
  release(item: T): void {
    if (!this.#entries.has(item)) return;
    this.#load--;
    this.#change(item, (entry) => entry.load--);
  }

  pause(item: T): void {
    this.#change(item, (entry) => {
      entry.paused = true;
    });
  }

  resume(item: T): void {
    this.#change(item, (entry) => {
      entry.paused = false;
    });
  }

  #change(item: T, change: (entry: Entry) => void): void {
    const entry = this.#entries.get(item);
    if (entry === undefined) return;
    this.#unlist(item, entry);
    change(entry);
    this.#list(item, entry);
  }

  #list(item: T, { load, capacity, paused }: Entry): void {
    if (paused || load >= capacity) return;
    while (this.#byLoad.length <= load) this.#byLoad.push(new ChurningSet());
    this.#byLoad[load]?.add(item);
    if (load < this.#least) this.#least = load;
  }

  #unlist(item: T, { load }: Entry): void {
    this.#byLoad[load]?.delete(item);
  }
}

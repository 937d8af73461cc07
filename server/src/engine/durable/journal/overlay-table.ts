import type { Change, Range, Row } from '../store.ts';
import type { ChangeArena } from './change-arena.ts';

/** Keys as text of one byte per character: equal and ordered like their bytes. */
export const nameOf = (key: Buffer): string => key.toString('latin1');

/** The changed rows of one table. */
export class OverlayTable {
  readonly #arena: ChangeArena;
  /** Where the change of each row is, by name. */
  readonly #places = new Map<string, number>();
  /** All names in order, except the fresh ones. */
  #sorted: string[] = [];
  /** Names that came out of order since the last sorting. */
  #fresh: string[] = [];

  constructor(arena: ChangeArena) {
    this.#arena = arena;
  }

  get size(): number {
    return this.#places.size;
  }

  get(name: string): Change | undefined {
    const place = this.#places.get(name);
    return place === undefined ? undefined : this.#arena.at(place);
  }

  /** Copies the change. Returns the one that it replaces. */
  set(change: Change): Change | undefined {
    const name = nameOf(change.key);
    const replaced = this.get(name);
    this.#places.set(name, this.#arena.add(change));
    if (replaced === undefined) this.#list(name);
    return replaced;
  }

  #list(name: string): void {
    const last = this.#sorted.at(-1);
    if (this.#fresh.length === 0 && (last === undefined || last < name)) this.#sorted.push(name);
    else this.#fresh.push(name);
  }

  #names(): readonly string[] {
    if (this.#fresh.length > 0) {
      // The order of UTF-16 code units is that of the bytes, because a name has one byte per character.
      this.#sorted = mergeSorted(this.#sorted, this.#fresh.sort());
      this.#fresh = [];
    }
    return this.#sorted;
  }

  /** All changes in the order of keys. */
  *changes(): Iterable<Change> {
    for (const name of this.#names()) yield this.get(name) as Change;
  }

  *over({ start, end }: Omit<Range, 'limit'>, below: Iterable<Row>): Iterable<Row> {
    const names = this.#names();
    const last = end && nameOf(end);
    let at = start === undefined ? 0 : firstFrom(names, nameOf(start));
    const added = (before: string | undefined): Row | undefined => {
      for (let name = names[at] as string; isBefore(name, before); name = names[at] as string) {
        at++;
        const { key, value } = this.get(name) as Change;
        if (value !== null) return { key, value };
      }
      return undefined;
    };
    for (const { key, value } of below) {
      const name = nameOf(key);
      if (isBefore(names[at], name)) {
        // The store below may reuse its buffers while the caller looks at the rows before.
        const row = { key: Buffer.from(key), value: Buffer.from(value) };
        for (let before = added(name); before !== undefined; before = added(name)) yield before;
        if (!this.#places.has(name)) yield row;
      } else if (!this.#places.has(name)) yield { key, value };
    }
    for (let row = added(last); row !== undefined; row = added(last)) yield row;
  }
}

/** Whether a name comes before the bound, if there is one. */
const isBefore = (name: string | undefined, bound: string | undefined): boolean =>
  name !== undefined && (bound === undefined || name < bound);

/** Index of the first name that is not smaller. */
function firstFrom(names: readonly string[], name: string): number {
  let [low, high] = [0, names.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((names[middle] as string) < name) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Merges two sorted lists that have no name in common. */
function mergeSorted(left: readonly string[], right: string[]): string[] {
  if (left.length === 0 || (left.at(-1) as string) < (right[0] as string)) return left.concat(right);
  const merged: string[] = [];
  let [at, other] = [0, 0];
  while (at < left.length && other < right.length) {
    const [a, b] = [left[at] as string, right[other] as string];
    if (a < b) {
      merged.push(a);
      at++;
    } else {
      merged.push(b);
      other++;
    }
  }
  return merged.concat(left.slice(at), right.slice(other));
}

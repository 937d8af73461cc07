import { Heap } from '../../util/heap.ts';
import type { Entry } from './entry.ts';

/** Obsolete entries that the index may hold, besides as many as there are entries. */
const OBSOLETE = 1_024;

const isUndelivered = ({ attempt, phase }: Entry): boolean =>
  attempt === 0 && (phase === 'ready' || phase === 'blocked');

/**
 * Finds the oldest entry that was not delivered yet. Only a queue that is full and lets messages die
 * asks for it: the index is built by the first question, and given up when too much of it is obsolete.
 */
export class Undelivered {
  #index: Heap<Entry> | undefined;

  /** An entry has become ready or blocked. @param size how many entries the group has */
  add(entry: Entry, size: number): void {
    if (this.#index === undefined || !isUndelivered(entry)) return;
    if (this.#index.size > 2 * size + OBSOLETE) this.#index = undefined;
    else this.#index.push(entry);
  }

  /** @param entries all entries of the group, by offset */
  oldest(entries: Iterable<readonly [number, Entry]>): Entry | undefined {
    this.#index ??= indexOf(entries);
    for (let entry = this.#index.peek(); entry !== undefined; entry = this.#index.peek()) {
      if (isUndelivered(entry)) return entry;
      this.#index.pop();
    }
    return undefined;
  }

  clear(): void {
    this.#index = undefined;
  }
}

function indexOf(entries: Iterable<readonly [number, Entry]>): Heap<Entry> {
  const index = new Heap<Entry>((a, b) => a.offset < b.offset);
  for (const [, entry] of entries) if (isUndelivered(entry)) index.push(entry);
  return index;
}

import type { Message } from '@sluice/protocol';
import { Deque } from '../../util/deque.ts';
import type { OrderBy } from '../groups.ts';
import type { Entry } from './entry.ts';

/** Entries that keep an order, one line for each key: only the first of a line may be delivered. */
export class OrderLines {
  readonly #lines = new Map<string, Deque<Entry>>();

  isBusy(key: string): boolean {
    return this.#lines.has(key);
  }

  /** Adds an entry to the end of its line. Returns whether it is the first there. */
  join(entry: Entry): boolean {
    if (entry.key === null) return true;
    const line = this.#lines.get(entry.key);
    if (line === undefined) {
      const created = new Deque<Entry>();
      created.push(entry);
      this.#lines.set(entry.key, created);
      return true;
    }
    line.push(entry);
    return false;
  }

  /** Removes an entry. Returns the one that is the first of its line now, if the entry was. */
  leave(entry: Entry): Entry | undefined {
    const { key } = entry;
    const line = key === null ? undefined : this.#lines.get(key);
    if (key === null || line === undefined) return undefined;
    if (line.at(0) !== entry) {
      line.remove(entry);
      return undefined;
    }
    line.shift();
    const next = line.at(0);
    if (next === undefined) this.#lines.delete(key);
    return next;
  }

  clear(): void {
    this.#lines.clear();
  }
}

/** The key of all messages of a strict order. */
export const STRICT = '';

/** The key of a message; `null`: it has no order. */
export function orderKeyOf({ tags }: Pick<Message, 'tags'>, by: OrderBy | null): string | null {
  if (by === null) return null;
  if (by.kind === 'all') return STRICT;
  return tags !== undefined && Object.hasOwn(tags, by.tag) ? (tags[by.tag] ?? null) : null;
}

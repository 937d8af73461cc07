import { dirname, join } from 'node:path';
import type { LeafEntry } from '../file/page.ts';
import type { Leaf } from '../file/walk.ts';
import { readJournal } from '../journal/journal-file.ts';
import { journalFiles, readApplied } from '../journal/journaled-store.ts';
import { Overlay } from '../journal/overlay.ts';
import { nameOf } from '../journal/overlay-table.ts';
import { recover } from '../journal/recovery.ts';
import { JOURNAL } from '../open-store.ts';
import { APPLIED } from '../records.ts';
import type { Table } from '../store.ts';

/** Rows of a folder's journal that replace those of the tables. */
export class Pending {
  readonly #overlay: Overlay;
  /** Why acknowledged transactions are missing. */
  readonly loss: string | undefined;
  /** Entries of the tables that were left out, by table. */
  readonly #replaced = new Map<string, number>();

  constructor(overlay: Overlay, loss: string | undefined) {
    this.#overlay = overlay;
    this.loss = loss;
  }

  /** The entries of a table that it does not replace. */
  without(table: string, entries: readonly LeafEntry[]): readonly LeafEntry[] {
    const left = entries.filter(({ key }) => this.#overlay.find(table as Table, nameOf(key)) === undefined);
    this.#replaced.set(table, (this.#replaced.get(table) ?? 0) + entries.length - left.length);
    return left;
  }

  /** Its rows, in the form of entries, table by table. */
  rows(): readonly LeafEntry[] {
    this.#replaced.clear();
    return [...this.#overlay.changes()]
      .filter(({ value }) => value !== null)
      .map(({ key, value }) => ({ key, value: value ?? undefined, big: undefined, isTree: false }));
  }

  /** Rows that the table has more than its pages. */
  added(table: Table): number {
    const own = [...this.#overlay.changes()].filter((change) => change.table === table && change.value !== null);
    return own.length - (this.#replaced.get(table) ?? 0);
  }
}

/** Finds what the journal beside a store holds and the tables, which these leaves are of, do not. */
export function pendingOf(store: string, leaves: Iterable<Leaf>): Pending {
  let applied: number | undefined;
  for (const { table, entries } of leaves) {
    const row = table === 'about' ? entries.find(({ key }) => key.equals(APPLIED)) : undefined;
    if (row !== undefined) applied = readApplied(row.value);
  }
  const overlay = new Overlay();
  const contents = journalFiles(join(dirname(store), JOURNAL)).map(readJournal);
  const isFirstFormat = applied === undefined && contents.every((content) => content === 'missing');
  if (isFirstFormat) return new Pending(overlay, undefined);
  const { changes, loss } = recover(contents, applied);
  overlay.add(changes, 0);
  return new Pending(overlay, loss);
}

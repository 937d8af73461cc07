import { Damage } from '../file/damage.ts';
import { type FileHead, isPair, readHeads } from '../file/heads.ts';
import { type LeafEntry, readPage, readValue, type Source } from '../file/page.ts';
import { StoreFile } from '../file/store-file.ts';
import { StoreWalk } from '../file/walk.ts';
import { APPLIED, isExpiry, PROBE } from '../records.ts';
import type { Table } from '../store.ts';
import { type Pending, pendingOf } from './pending.ts';
import { type FoundRow, recognise } from './rows.ts';

/** Problems that are remembered in words. */
const MOST_PROBLEMS = 20;
/** Size of a page if no head defines it. */
const USUAL_PAGE = 4096;

/** For rows that are not in the file. */
const NOWHERE = { pageSize: USUAL_PAGE, last: 0, transaction: 0n };

/**
 * Reads everything readable in a store's file, and records what is not. It uses no native code, so
 * nothing in the file can end the process.
 */
export class Survey {
  readonly path: string;
  readonly #file: StoreFile;
  readonly #head: FileHead | undefined;
  readonly #walk: StoreWalk | undefined;
  /** What the journal holds and the tables do not. */
  readonly #pending: Pending;
  /** What is wrong, in words: the first problems. */
  readonly problems: string[] = [];
  problemCount = 0;
  /** Entries that the latest `rows` reached, and could not understand. */
  unreadable = 0;

  private constructor(file: StoreFile) {
    this.#file = file;
    this.path = file.path;
    this.#head = this.#findHead();
    this.#walk = this.#head && new StoreWalk(file, this.#head, ({ message }) => this.note(message));
    this.#pending = pendingOf(this.path, this.#walk?.down() ?? []);
    if (this.#pending.loss !== undefined) this.note(`the journal is damaged: ${this.#pending.loss}`);
  }

  /**
   * Looks at the whole file.
   *
   * @throws Error where there is none, or it cannot be opened
   */
  static of(path: string): Survey {
    return new Survey(StoreFile.open(path));
  }

  get isWhole(): boolean {
    return this.problemCount === 0;
  }

  get bytes(): number {
    return this.#file.size;
  }

  /** Names of the tables that can be reached. */
  get tables(): readonly string[] {
    return this.#walk?.tables ?? [];
  }

  /** Number of rows that a table should have. To be called after `rows`. */
  entriesOf(table: Table): number {
    return (this.#walk?.entriesOf(table) ?? 0) + this.#pending.added(table);
  }

  note(problem: string): void {
    this.problemCount++;
    if (this.problems.length < MOST_PROBLEMS) this.problems.push(problem);
  }

  #findHead(): FileHead | undefined {
    const { all, newest } = readHeads(this.#file);
    const sound: FileHead[] = [];
    for (const head of all) {
      if (head instanceof Damage) this.note(head.message);
      else sound.push(head);
    }
    const [first, second] = sound;
    if (first !== undefined && second !== undefined && !isPair(first, second)) {
      this.note(`the heads are of the transactions ${first.transaction} and ${second.transaction}`);
    }
    return newest;
  }

  /** Every row that the journal and the tables lead to: of the tables one by one, in the order of their keys. */
  *rows(): Iterable<FoundRow> {
    this.unreadable = 0;
    yield* this.#read(this.#pending.rows(), NOWHERE);
    const head = this.#head;
    if (head === undefined) return;
    const walk = new StoreWalk(this.#file, head, () => {}); // damage is recorded already
    for (const { table, entries } of walk.down()) yield* this.#read(this.#pending.without(table, entries), head);
  }

  *#read(entries: readonly LeafEntry[], head: Source['head']): Iterable<FoundRow> {
    for (const entry of entries) {
      if (isExpiry(entry.key, entry.value)) continue; // created again from the keys
      const row = this.#understand(entry, head);
      if (row !== undefined) yield row;
      else if (!isOfTheFiles(entry)) this.unreadable++;
    }
  }

  #understand(entry: LeafEntry, head: Source['head']): FoundRow | undefined {
    try {
      const value = readValue({ file: this.#file, head }, entry);
      const row = recognise(entry.key, value);
      return row && { key: entry.key, value, row };
    } catch (error) {
      if (error instanceof Damage) return undefined;
      throw error;
    }
  }

  /** The rows of sound pages that nothing leads to any more, in no order. They may be of an earlier state. */
  *orphans(): Iterable<FoundRow> {
    const last = Math.ceil(this.#file.size / USUAL_PAGE);
    const head = this.#head ?? { pageSize: USUAL_PAGE, last, transaction: 2n ** 63n };
    const { unreadable } = this;
    for (let page = 2; page <= head.last; page++) {
      if (this.#walk?.isUnknown(page) ?? true) yield* this.#read(this.#leafAt(page, head), head);
    }
    this.unreadable = unreadable;
  }

  #leafAt(page: number, head: Source['head']): readonly LeafEntry[] {
    try {
      const read = readPage({ file: this.#file, head }, page);
      return read.kind === 'leaf' ? read.entries : [];
    } catch (error) {
      if (error instanceof Damage) return [];
      throw error;
    }
  }

  close(): void {
    this.#file.close();
  }
}

/** Rows about the files of this store, which a copy does not need. */
const isOfTheFiles = ({ key }: LeafEntry): boolean => key.equals(APPLIED) || key.equals(PROBE);

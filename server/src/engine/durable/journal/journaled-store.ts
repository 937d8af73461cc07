import { toDiskError } from '../disk-errors.ts';
import { APPLIED } from '../records.ts';
import type { Change, Range, Row, Store, Table } from '../store.ts';
import { JournalFile, readJournal } from './journal-file.ts';
import { recordSize, writeRecord } from './journal-record.ts';
import { Overlay } from './overlay.ts';
import { nameOf } from './overlay-table.ts';
import { recover } from './recovery.ts';

/** Bytes of rows in memory are at most about twice this. */
const FULL = 2 * 1024 * 1024;
/** Changes and bytes of one transaction in the tables: few enough not to hold up the event loop. */
const CHANGES = 1_000;
const BYTES = 512 * 1024;
/** After a failure, steps are as small as a nearly full disk needs. */
const FEW = 50;
/** Bytes of the buffer for records; a larger one is not kept. */
const MOST_KEPT = 256 * 1024;

/** @param path of the journal's files, without their numbers */
export const journalFiles = (path: string) => [`${path}-0`, `${path}-1`] as const;

/** The number of the last transaction that is in the tables. */
export const readApplied = (value: Buffer | undefined): number | undefined => value?.readUIntBE(0, 6);

/** Calls that happen while a store is opened. */
export interface OpenOptions {
  /** Acknowledged transactions are missing. Called before the store goes on without them. */
  readonly onLoss: (reason: string) => Promise<void>;
  /** Bytes in a file of the journal with which its transactions move to the tables. */
  readonly full?: number;
}

interface Parts {
  readonly tables: Store;
  readonly files: readonly [JournalFile, JournalFile];
  readonly full: number;
  /** Number of the last transaction. */
  readonly last: number;
}

/**
 * A store that flushes each transaction to a journal, one small write, and moves many of them
 * together to the tables. Reads see both.
 */
export class JournaledStore implements Store {
  readonly #tables: Store;
  readonly #files: readonly [JournalFile, JournalFile];
  /** Index of the file that is written. */
  #current: 0 | 1 = 0;
  /** Transactions that only the current file has. */
  #young = new Overlay();
  /** Transactions of the other file, which move to the tables. */
  #moved: Overlay | undefined;
  #moving: Promise<void> | undefined;
  #failure: unknown;
  readonly #full: number;
  #last: number;
  #buffer = Buffer.alloc(0);
  #used: number | undefined;

  private constructor({ tables, files, full, last }: Parts) {
    this.#tables = tables;
    this.#files = files;
    this.#full = full;
    this.#last = last;
  }

  /**
   * Opens the journal of the tables, and moves what it holds to them.
   *
   * @param path of the journal's files, without their numbers
   */
  static async open(tables: Store, path: string, { onLoss, full = FULL }: OpenOptions): Promise<JournaledStore> {
    const paths = journalFiles(path);
    const applied = readApplied(tables.get('about', APPLIED));
    // Without this number, the tables never had a journal.
    const { changes, last, loss } = recover(paths.map(readJournal), applied);
    if (loss !== undefined && applied !== undefined) await onLoss(loss);
    const found = new Overlay();
    found.add(changes, last);
    if (applied !== undefined) await moveTo(tables, found);
    const files = [await JournalFile.create(paths[0]), await JournalFile.create(paths[1])] as const;
    if (applied === undefined) await moveTo(tables, found);
    return new JournaledStore({ tables, files, full, last });
  }

  get(table: Table, key: Buffer): Buffer | undefined {
    const name = nameOf(key);
    const change = this.#young.find(table, name) ?? this.#moved?.find(table, name);
    return change === undefined ? this.#tables.get(table, key) : (change.value ?? undefined);
  }

  rows(table: Table, range: Range): Iterable<Row> {
    const layers = [this.#moved, this.#young].filter((layer) => layer?.touches(table));
    if (layers.length === 0) return this.#tables.rows(table, range);
    const below = this.#tables.rows(table, { ...range, limit: Number.MAX_SAFE_INTEGER });
    return first(
      range.limit,
      layers.reduce((rows, layer) => layer?.over(table, range, rows) ?? rows, below),
    );
  }

  async write(changes: readonly Change[]): Promise<void> {
    if (changes.length === 0) return;
    if (this.#failure !== undefined || this.#isFull) await this.#settled();
    await this.#log(changes);
    this.#young.add(changes, ++this.#last);
    if (this.#isFull && this.#moving === undefined) this.#move();
  }

  get #isFull(): boolean {
    return this.#files[this.#current].used >= this.#full;
  }

  async #log(changes: readonly Change[]): Promise<void> {
    const size = recordSize(changes);
    if (this.#buffer.length < size) this.#buffer = Buffer.allocUnsafe(Math.max(size, MOST_KEPT));
    writeRecord(this.#buffer, this.#last + 1, changes);
    try {
      await this.#files[this.#current].append(this.#buffer.subarray(0, size));
    } catch (error) {
      throw toDiskError(error);
    }
    if (this.#buffer.length > MOST_KEPT) this.#buffer = Buffer.alloc(0);
  }

  /** Begins to move the transactions of the current file; the other file is written from now on. */
  #move(): void {
    if (this.#moved === undefined) {
      this.#moved = this.#young;
      this.#young = new Overlay();
      this.#current = this.#current === 0 ? 1 : 0;
      this.#files[this.#current].rewind();
    }
    const changesAtOnce = this.#failure === undefined ? CHANGES : FEW;
    this.#failure = undefined;
    this.#moving = moveTo(this.#tables, this.#moved, changesAtOnce)
      .then(() => {
        this.#moved = undefined;
        this.#used = undefined;
      })
      .catch((error) => {
        this.#failure = error;
      })
      .finally(() => {
        this.#moving = undefined;
      });
  }

  /** Waits for the move that runs; repeats one that failed. Rejects if it fails again. */
  async #settled(): Promise<void> {
    await this.#moving;
    if (this.#failure !== undefined) this.#move();
    await this.#moving;
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#isFull) this.#move();
  }

  async compact(): Promise<void> {
    await this.#settled();
    if (this.#moving === undefined && !this.#young.isEmpty) this.#move();
    await this.#settled();
  }

  used(): number {
    this.#used ??= this.#tables.used();
    return this.#used + this.#young.bytes + (this.#moved?.bytes ?? 0);
  }

  async surrender(): Promise<void> {
    await this.#tables.surrender();
  }

  async recover(): Promise<boolean> {
    await this.compact();
    return this.#tables.recover();
  }

  /** Moves everything, so that the tables are complete. What cannot be moved stays in the journal. */
  async close(): Promise<void> {
    await this.compact().catch(() => {});
    for (const file of this.#files) await file.close();
    await this.#tables.close();
  }
}

/** Writes all changes, in small steps. A crash in between is harmless: the journal holds them all. */
async function moveTo(tables: Store, overlay: Overlay, atOnce = CHANGES): Promise<void> {
  let step: Change[] = [];
  let bytes = 0;
  for (const change of overlay.changes()) {
    step.push(change);
    bytes += change.key.length + (change.value?.length ?? 0);
    if (step.length < atOnce && bytes < BYTES) continue;
    await tables.write(step);
    step = [];
    bytes = 0;
  }
  const applied = Buffer.alloc(6);
  applied.writeUIntBE(overlay.last, 0, 6);
  await tables.write([...step, { table: 'about', key: APPLIED, value: applied }]);
}

function* first(limit: number, rows: Iterable<Row>): Iterable<Row> {
  let left = limit;
  for (const row of rows) {
    yield row;
    if (--left <= 0) return;
  }
}

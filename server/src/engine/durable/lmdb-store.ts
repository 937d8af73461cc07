import { rm, stat, statfs, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Database, RootDatabase, RootDatabaseOptionsWithPath } from 'lmdb';
import { importOptional } from '../../util/optional-package.ts';
import type { EngineUnavailable } from '../engine.ts';
import { toDiskError } from './disk-errors.ts';
import { PRIVATE_FILE } from './private-files.ts';
import { type Change, type Range, type Row, type Store, TABLES, type Table } from './store.ts';

type Rows = Database<Buffer, Buffer>;

/**
 * With less free bytes than twice the largest transaction, a failed write counts as a full disk:
 * LMDB reports "input/output error" for both.
 */
const NEARLY_NOTHING = 16 * 1024 * 1024;
/** Reserved bytes on disk: LMDB never changes a page in place, so on a full disk it could not even free space. */
const HELD_BACK = 1024 * 1024;
/** Free pages of the file, in bytes, with which publishes may go on although the disk stays full. */
const ENOUGH = 1024 * 1024;

/** LMDB's statistics of a table, or of the list of free pages. */
interface Pages {
  readonly treeBranchPageCount: number;
  readonly treeLeafPageCount: number;
  readonly overflowPages: number;
}

interface Stats extends Pages {
  readonly pageSize: number;
  readonly lastPageNumber: number;
  /** The list of free pages. */
  readonly free: Pages;
}

const pagesOf = (pages: Pages): number => pages.treeBranchPageCount + pages.treeLeafPageCount + pages.overflowPages;

/** A store in one file, on LMDB. */
export class LmdbStore implements Store {
  readonly #path: string;
  readonly #root: RootDatabase<Buffer, Buffer>;
  readonly #tables: Readonly<Record<Table, Rows>>;

  private constructor(path: string, root: RootDatabase<Buffer, Buffer>) {
    this.#path = path;
    this.#root = root;
    const table = (name: Table) => root.openDB(name, { keyEncoding: 'binary', encoding: 'binary' }) as Rows;
    this.#tables = Object.fromEntries(TABLES.map((name) => [name, table(name)])) as Record<Table, Rows>;
  }

  /**
   * @param path of the file. A missing file is created. An existing one must have been checked:
   *   LMDB ends the process on a damaged file
   */
  static async open(path: string): Promise<LmdbStore> {
    // Imported on first use, because it loads the native module.
    const lmdb = await importOptional('The durable engine', 'lmdb', () => import('lmdb'));
    const options: RootDatabaseOptionsWithPath & { permissionsMode: number } = {
      path,
      noSubdir: true,
      encoding: 'binary',
      maxDbs: TABLES.length,
      // A transaction is flushed within its commit, and visible to readers only then. With
      // overlapping flushes it would be visible before, and a crash could remove a message that was
      // read.
      overlappingSync: false,
      // The writer builds the batches. LMDB's own leave a rejected promise that nothing can catch.
      eventTurnBatching: false,
      permissionsMode: PRIVATE_FILE,
    };
    const root = lmdb.open<Buffer, Buffer>(options);
    try {
      const store = new LmdbStore(path, root);
      await store.#holdBack();
      return store;
    } catch (error) {
      await root.close();
      throw error;
    }
  }

  get(table: Table, key: Buffer): Buffer | undefined {
    try {
      return this.#tables[table].get(key);
    } catch (error) {
      throw this.#spoiled(error);
    }
  }

  *rows(table: Table, { start, end, limit }: Range): Iterable<Row> {
    try {
      yield* this.#tables[table].getRange({ ...(start && { start }), ...(end && { end }), limit });
    } catch (error) {
      throw this.#spoiled(error);
    }
  }

  async write(changes: readonly Change[]): Promise<void> {
    try {
      await this.#root.batch(() => {
        for (const { table, key, value } of changes) {
          if (value === null) this.#tables[table].remove(key);
          else this.#tables[table].put(key, value);
        }
      });
    } catch (error) {
      throw await this.#explain(error);
    } finally {
      this.#refresh();
    }
  }

  /** An unreadable page invalidates LMDB's snapshot; valid pages are read from a new one. */
  #spoiled(error: unknown): unknown {
    this.#refresh();
    return error;
  }

  /** The next read must see the write. An old snapshot would also keep its pages from being reused. */
  #refresh(): void {
    (this.#root as unknown as { resetReadTxn(): void }).resetReadTxn();
  }

  async #explain(failure: unknown): Promise<EngineUnavailable> {
    const cause = await (failure as { commitError?: Promise<never> }).commitError?.catch((error: unknown) => error);
    return toDiskError(cause ?? failure, { isFull: await this.#isFull() });
  }

  async #isFull(): Promise<boolean> {
    const space = await statfs(dirname(this.#path)).catch(() => undefined);
    return space !== undefined && space.bavail * space.bsize < NEARLY_NOTHING;
  }

  get #reserve(): string {
    return join(dirname(this.#path), 'reserve');
  }

  async #holdBack(): Promise<boolean> {
    const held = await stat(this.#reserve).catch(() => undefined);
    if (held?.size === HELD_BACK) return true;
    try {
      await writeFile(this.#reserve, Buffer.alloc(HELD_BACK, 1), { flush: true, mode: PRIVATE_FILE });
      return true;
    } catch {
      await this.surrender();
      return false;
    }
  }

  /** Nothing waits: each write goes to the tables. */
  async compact(): Promise<void> {}

  async surrender(): Promise<void> {
    await rm(this.#reserve, { force: true });
  }

  async recover(): Promise<boolean> {
    const { pageSize, lastPageNumber } = this.#root.getStats() as Stats;
    if ((lastPageNumber + 1) * pageSize - this.used() >= ENOUGH) return true;
    return this.#holdBack();
  }

  used(): number {
    const { pageSize, free } = this.#root.getStats() as Stats;
    const tables = Object.values(this.#tables).map((table) => pagesOf(table.getStats() as Stats));
    return tables.reduce((sum, pages) => sum + pages, pagesOf(free)) * pageSize;
  }

  async close(): Promise<void> {
    await this.#root.close();
  }
}

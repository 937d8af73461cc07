import { LmdbStore } from '../../src/engine/durable/lmdb-store.ts';
import type { Change, Range, Row, Store, Table } from '../../src/engine/durable/store.ts';

/** A store whose flushes the test holds back, or refuses. */
export class HeldStore implements Store {
  readonly #inner: Store;
  #release: (() => void) | undefined;
  #held: Promise<void> | undefined;
  /** What the next writes fail with. */
  failure: Error | undefined;
  /** Writes that were begun. */
  writes = 0;

  constructor(inner: Store) {
    this.#inner = inner;
  }

  static async open(path: string): Promise<HeldStore> {
    return new HeldStore(await LmdbStore.open(path));
  }

  /** From now on writes wait for `release`. */
  hold(): void {
    this.#held = new Promise((resolve) => {
      this.#release = resolve;
    });
  }

  release(): void {
    this.#held = undefined;
    this.#release?.();
  }

  async write(changes: readonly Change[]): Promise<void> {
    this.writes++;
    await this.#held;
    if (this.failure !== undefined) throw this.failure;
    await this.#inner.write(changes);
  }

  get(table: Table, key: Buffer): Buffer | undefined {
    return this.#inner.get(table, key);
  }

  rows(table: Table, range: Range): Iterable<Row> {
    return this.#inner.rows(table, range);
  }

  used(): number {
    return this.#inner.used();
  }

  async surrender(): Promise<void> {
    await this.#inner.surrender();
  }

  async recover(): Promise<boolean> {
    return this.#inner.recover();
  }

  async close(): Promise<void> {
    await this.#inner.close();
  }
}

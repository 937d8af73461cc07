import type { OpenOptions } from '../../src/engine/durable/journal/journaled-store.ts';
import { openStore } from '../../src/engine/durable/open-store.ts';
import type { Change, Range, Row, Store, Table } from '../../src/engine/durable/store.ts';

/** A store whose writes the test holds back or rejects. */
export class HeldStore implements Store {
  readonly #inner: Store;
  #release: (() => void) | undefined;
  #held: Promise<void> | undefined;
  /** The error of the next writes. */
  failure: Error | undefined;
  /** The errors of calls of these methods. */
  readonly broken = new Map<keyof Store, Error>();
  /** Started writes. */
  writes = 0;

  constructor(inner: Store) {
    this.#inner = inner;
  }

  static async open(path: string, options: OpenOptions): Promise<HeldStore> {
    return new HeldStore(await openStore(path, options));
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

  #expectWorking(method: keyof Store): void {
    const error = this.broken.get(method);
    if (error !== undefined) throw error;
  }

  async write(changes: readonly Change[]): Promise<void> {
    this.writes++;
    await this.#held;
    if (this.failure !== undefined) throw this.failure;
    this.#expectWorking('write');
    await this.#inner.write(changes);
  }

  get(table: Table, key: Buffer): Buffer | undefined {
    this.#expectWorking('get');
    return this.#inner.get(table, key);
  }

  rows(table: Table, range: Range): Iterable<Row> {
    this.#expectWorking('rows');
    return this.#inner.rows(table, range);
  }

  used(): number {
    this.#expectWorking('used');
    return this.#inner.used();
  }

  async compact(): Promise<void> {
    this.#expectWorking('compact');
    await this.#inner.compact();
  }

  async surrender(): Promise<void> {
    this.#expectWorking('surrender');
    await this.#inner.surrender();
  }

  async recover(): Promise<boolean> {
    this.#expectWorking('recover');
    return this.#inner.recover();
  }

  async close(): Promise<void> {
    this.#expectWorking('close');
    await this.#inner.close();
  }
}

/** The tables of the store, each with keys and values in bytes. */
export const TABLES = ['about', 'channels', 'messages', 'keys', 'expiries', 'revocations'] as const;
export type Table = (typeof TABLES)[number];

/** One change; `value` is `null` where the key goes. */
export interface Change {
  readonly table: Table;
  readonly key: Buffer;
  readonly value: Buffer | null;
}

export interface Row {
  readonly key: Buffer;
  readonly value: Buffer;
}

/** Bounds of the rows that are wanted: from `start` on, before `end`. */
export interface Range {
  readonly start?: Buffer;
  readonly end?: Buffer;
  readonly limit: number;
}

/** A sorted store of bytes on disk. Reads see what was written and flushed, and nothing else. */
export interface Store {
  get(table: Table, key: Buffer): Buffer | undefined;
  rows(table: Table, range: Range): Iterable<Row>;
  /**
   * Writes all changes, in their order, or none. Resolves when they are flushed: when they survive a crash of the machine.
   *
   * Rejects with `EngineFull` where there is no room, with `EngineUnavailable` otherwise; then nothing was written. One write
   * at a time.
   */
  write(changes: readonly Change[]): Promise<void>;
  /** Bytes of the pages in use; pages that were given back are not counted. */
  used(): number;
  /** The disk is full: gives up what was held back, so that clearing away has room to write. */
  surrender(): Promise<void>;
  /** Is there room again? Holds back, if it can, what it gave up. */
  recover(): Promise<boolean>;
  close(): Promise<void>;
}

/** The tables of the store, each with keys and values in bytes. The journal stores their places in this list. */
export const TABLES = ['about', 'channels', 'messages', 'keys', 'expiries', 'revocations', 'groups'] as const;
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

/** A sorted store of bytes on disk. Reads see only what was written and flushed. */
export interface Store {
  get(table: Table, key: Buffer): Buffer | undefined;
  rows(table: Table, range: Range): Iterable<Row>;
  /**
   * Writes all changes in order, or none. Resolves when they are flushed, so that they survive a
   * crash of the machine.
   *
   * Rejects with `EngineFull` if there is no space, and with `EngineUnavailable` otherwise; then
   * nothing was written. Only one write runs at a time.
   */
  write(changes: readonly Change[]): Promise<void>;
  /** Bytes of the pages in use, or that will be; freed pages are not counted. */
  used(): number;
  /** Moves all rows to their final place, so that the space of removed rows is free. */
  compact(): Promise<void>;
  /** The disk is full: releases the reserve, so that freeing space has room to write. */
  surrender(): Promise<void>;
  /** Whether there is space again. Restores the reserve if possible. */
  recover(): Promise<boolean>;
  close(): Promise<void>;
}

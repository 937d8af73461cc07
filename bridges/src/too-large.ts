import type { SinkRecord } from './sink.ts';

/** The broker will never accept records, because of their size. It has stored none of them. */
export class TooLarge extends Error {
  override readonly name = 'TooLarge';
  /** Of the records. */
  readonly ids: readonly string[];
  /** What the broker accepts, for an operator. */
  readonly limit: string;

  /** @param limit such as `the server accepts 1000 bytes ("max_payload")` */
  constructor(records: readonly [SinkRecord, ...SinkRecord[]], limit: string) {
    const [{ id, body }] = records;
    super(`message ${id} with ${body.length} bytes is too large: ${limit}`);
    this.ids = records.map((record) => record.id);
    this.limit = limit;
  }
}

interface SizeLimit {
  /** Bytes of a record. */
  readonly most: number;
  /** As the broker counts them. */
  readonly sizeOf: (record: SinkRecord, at: number) => number;
  /** See `TooLarge`. */
  readonly limit: string;
}

/**
 * For brokers whose limit is known before anything is sent.
 *
 * @throws TooLarge with all records that are larger
 */
export function requireSizes(records: readonly SinkRecord[], { most, sizeOf, limit }: SizeLimit): void {
  const [first, ...others] = records.filter((record, at) => sizeOf(record, at) > most);
  if (first !== undefined) throw new TooLarge([first, ...others], limit);
}

/** Bytes of names and values as UTF-8. */
export function bytesOf(texts: Readonly<Record<string, string>>): number {
  let size = 0;
  for (const [name, value] of Object.entries(texts)) size += Buffer.byteLength(name) + Buffer.byteLength(value);
  return size;
}

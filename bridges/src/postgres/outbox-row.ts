import type { SourceRecord } from '../source.ts';

/** A row of an outbox, as texts. */
export interface OutboxRow {
  readonly xid: string;
  readonly id: string;
  readonly channel: string;
  readonly data: string;
  readonly event: string | null;
  readonly tags: unknown;
  readonly headers: unknown;
}

/** Digits of an id: those of a 64-bit number. */
const DIGITS = 20;

/** Where an outbox is: a restored or a promoted server may give the same transaction id again. */
export interface OutboxPlace {
  readonly table: string;
  readonly partition: string;
}

export function recordOf(row: OutboxRow, { table, partition }: OutboxPlace): SourceRecord {
  return {
    once: { partition, position: `${BigInt(row.xid)}${row.id.padStart(DIGITS, '0')}` },
    place: row.id,
    ...{ topic: table, subject: row.channel, key: undefined, headers: textsOf(row.headers) },
    ...{ event: row.event ?? undefined, tags: textsOf(row.tags), body: Buffer.from(row.data) },
  };
}

/** Transaction and number of a position. */
export const rowOf = (position: string): readonly [xid: string, id: string] => [
  position.slice(0, -DIGITS),
  `${BigInt(position.slice(-DIGITS))}`,
];

/** Values that are not text are given as JSON. */
function textsOf(value: unknown): Readonly<Record<string, string>> {
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, typeof each === 'string' ? each : JSON.stringify(each)]),
  );
}

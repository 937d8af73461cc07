import { exactText, headersFrom, isObject, parseJson } from '../body.ts';
import { contentOrFault } from '../content.ts';
import type { SourceRecord } from '../source.ts';
import { Unmappable } from '../unmappable.ts';

/** A row of an outbox, as texts. */
export interface OutboxRow {
  readonly xid: string;
  readonly id: string;
  readonly channel: string;
  readonly data: string;
  readonly event: string | null;
  /** JSON. The client would round its numbers. */
  readonly tags: string | null;
  readonly headers: string | null;
}

/** Digits of an id: those of a 64-bit number. */
const DIGITS = 20;

/** Where an outbox is: a restored or a promoted server may give the same transaction id again. */
export interface OutboxPlace {
  readonly table: string;
  readonly partition: string;
}

export function recordOf(row: OutboxRow, { table, partition }: OutboxPlace): SourceRecord {
  const body = Buffer.from(row.data);
  return {
    once: { partition, position: `${BigInt(row.xid)}${row.id.padStart(DIGITS, '0')}` },
    place: row.id,
    ...{ topic: table, subject: row.channel, key: undefined, event: row.event ?? undefined },
    ...contentOrFault(body, () => ({ body, headers: headersFrom(objectOf(row.headers)), tags: tagsOf(row.tags) })),
  };
}

/** Transaction and number of a position. */
export const rowOf = (position: string): readonly [xid: string, id: string] => [
  position.slice(0, -DIGITS),
  `${BigInt(position.slice(-DIGITS))}`,
];

function objectOf(json: string | null): Readonly<Record<string, unknown>> {
  const value = json === null ? null : parseJson(json);
  return isObject(value) ? value : {};
}

/** Values that are not text are given as JSON. @throws Unmappable at one that has no exact text: a tag is part of the message */
function tagsOf(json: string | null): Readonly<Record<string, string>> {
  const tags = Object.entries(objectOf(json)).map(([name, value]) => {
    const text = exactText(value);
    if (text !== undefined) return [name, text] as const;
    throw new Unmappable(`the tag "${name}" is a number that JavaScript does not know exactly. Write it as a text`);
  });
  return Object.fromEntries(tags);
}

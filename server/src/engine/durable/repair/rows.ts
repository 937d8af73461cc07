/** Reads the rows of a store's tables, which may be damaged. */

import { isGroupKey } from '../groups/group-rows.ts';
import {
  CHANNEL_BYTES,
  type ChannelRecord,
  DIGEST,
  decodeChannel,
  decodeKey,
  decodeMessage,
  type KeyRecord,
  numberOf,
  PURGED_CHANNEL_BYTES,
} from '../records.ts';

const MESSAGE_KEY = 12;
const KEY_KEY = 6 + DIGEST;
const NUMBER_KEY = 6;

export type RowOf =
  | { readonly kind: 'channel'; readonly name: string; readonly record: ChannelRecord }
  | { readonly kind: 'message'; readonly channel: number; readonly offset: number }
  | { readonly kind: 'key'; readonly channel: number; readonly record: KeyRecord }
  | { readonly kind: 'revocation'; readonly number: number }
  /** Of a consumer group: itself, one of its entries, or a dead letter. */
  | { readonly kind: 'group'; readonly channel: number }
  | { readonly kind: 'about'; readonly about: Readonly<Record<string, unknown>> };

export interface FoundRow {
  readonly key: Buffer;
  readonly value: Buffer;
  readonly row: RowOf;
}

/** Recognises a row by its form alone; `undefined` where it is none that is kept, or damaged. */
export function recognise(key: Buffer, value: Buffer): RowOf | undefined {
  return (
    tryChannel(key, value) ??
    tryMessage(key, value) ??
    tryKey(key, value) ??
    tryGroup(key, value) ??
    tryJson(key, value)
  );
}

/** A queue keeps any number of messages, for any time. */
const isBound = (number: number): boolean => Number.isSafeInteger(number) && number >= 0;
const isCount = (number: number): boolean => Number.isSafeInteger(number) && number >= 0 && number < 2 ** 48;

function isSoundChannel({ id, generation, head, first, kept, retention }: ChannelRecord): boolean {
  const counts = [id, generation, head, first, kept].every(isCount) && isBound(retention?.count ?? 0);
  return (
    counts && id > 0 && kept >= 1 && kept <= first && first <= head + 1 && (retention === null || retention.age >= 0)
  );
}

function tryChannel(key: Buffer, value: Buffer): RowOf | undefined {
  if (value.length !== CHANNEL_BYTES && value.length !== PURGED_CHANNEL_BYTES) return undefined;
  const record = decodeChannel(value);
  const name = key.toString();
  if (!isSoundChannel(record) || !/^[\x21-\x7e]{1,200}$/.test(name)) return undefined;
  return { kind: 'channel', name, record };
}

function tryMessage(key: Buffer, value: Buffer): RowOf | undefined {
  if (key.length !== MESSAGE_KEY || !isSoundMessage(value)) return undefined;
  return { kind: 'message', channel: key.readUIntBE(0, 6), offset: key.readUIntBE(6, 6) };
}

/** Whether it can be read as a message. */
function isSoundMessage(value: Buffer): boolean {
  try {
    const { message } = decodeMessage(value, 1);
    return typeof message.id === 'string' && Number.isFinite(message.time);
  } catch {
    return false;
  }
}

function tryKey(key: Buffer, value: Buffer): RowOf | undefined {
  if (key.length !== KEY_KEY || value.length <= 16) return undefined;
  const record = decodeKey(value);
  return isCount(record.offset) && Number.isFinite(record.until)
    ? { kind: 'key', channel: key.readUIntBE(0, 6), record }
    : undefined;
}

function tryGroup(key: Buffer, value: Buffer): RowOf | undefined {
  return isGroupKey(key) && parse(value) !== undefined ? { kind: 'group', channel: key.readUIntBE(0, 6) } : undefined;
}

function tryJson(key: Buffer, value: Buffer): RowOf | undefined {
  const read = parse(value);
  if (read === undefined) return undefined;
  if (key.toString() === 'store' && typeof read.life === 'string') return { kind: 'about', about: read };
  const isRevocation = key.length === NUMBER_KEY && typeof read.until === 'number';
  return isRevocation ? { kind: 'revocation', number: numberOf(key) } : undefined;
}

function parse(value: Buffer): Record<string, unknown> | undefined {
  try {
    const read: unknown = JSON.parse(value.toString());
    return typeof read === 'object' && read !== null ? (read as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

import type { Entry, Retention } from '../engine.ts';
import { LoggedMessage } from '../logged-message.ts';
import { placeContent, writeContent } from '../message-json.ts';

/** Bytes of an integer in a key: big-endian, so that keys sort like numbers. */
const NUMBER = 6;
/** The largest number that a key holds. */
const LARGEST = 2 ** (8 * NUMBER) - 1;
/** Bytes of an idempotency key's digest. */
export const DIGEST = 20;
/** Bytes of the key of an idempotency key: the channel's number and the digest. */
const KEY_NAME = NUMBER + DIGEST;

/** What is known of a channel without looking at its messages. */
export interface ChannelRecord {
  /** Stands for the channel's name in the keys of its messages; never given twice. */
  readonly id: number;
  /** With the store's life it makes the epoch. */
  readonly generation: number;
  head: number;
  /** Offset of the oldest message that counted when this row was written; later ones may have expired since. */
  first: number;
  /** Offset of the oldest message that is still on disk: from here to `first`, space waits to be given back. */
  kept: number;
  /** Of the newest message; milliseconds since the Unix epoch. */
  lastTime: number;
  /** No idempotency key is remembered for longer. */
  keysUntil: number;
  retention: Retention;
  /** Offset up to which messages were purged; 0: none were. */
  purged: number;
}

/** Bytes of the record of a channel of which nothing was purged. */
export const CHANNEL_BYTES = 72;
/** Bytes of the record of a channel of which messages were purged: versions that cannot purge read it as well. */
export const PURGED_CHANNEL_BYTES = 80;

export function encodeChannel(record: ChannelRecord): Buffer {
  const { id, generation, head, first, kept, lastTime, keysUntil, retention, purged } = record;
  const kind = [retention?.count ?? -1, retention?.age ?? 0];
  const fields = [id, generation, head, first, kept, lastTime, keysUntil, ...kind, ...(purged > 0 ? [purged] : [])];
  const buffer = Buffer.allocUnsafe(fields.length * 8);
  fields.forEach((field, at) => {
    buffer.writeDoubleBE(field, at * 8);
  });
  return buffer;
}

export function decodeChannel(buffer: Buffer): ChannelRecord {
  const field = (at: number) => buffer.readDoubleBE(at * 8);
  const count = field(7);
  return {
    id: field(0),
    generation: field(1),
    head: field(2),
    first: field(3),
    kept: field(4),
    lastTime: field(5),
    keysUntil: field(6),
    retention: count < 0 ? null : { count, age: field(8) },
    purged: buffer.length === PURGED_CHANNEL_BYTES ? field(9) : 0,
  };
}

/** The key of a channel's message. */
export function messageKey(channel: number, offset: number): Buffer {
  const key = Buffer.allocUnsafe(2 * NUMBER);
  key.writeUIntBE(channel, 0, NUMBER);
  key.writeUIntBE(offset, NUMBER, NUMBER);
  return key;
}

/** Bounds of all keys of a channel's messages, or of its idempotency keys. */
export const rangeOf = (channel: number): { start: Buffer; end: Buffer } => ({
  start: messageKey(channel, 0),
  end: messageKey(channel + 1, 0),
});

export const offsetOf = (key: Buffer): number => key.readUIntBE(NUMBER, NUMBER);

/** A stored entry; `stampMessage`, which knows the channel, writes its time. */
export function encodeMessage(entry: Entry): Buffer {
  const body = writeContent(entry);
  const buffer = Buffer.allocUnsafe(8 + Buffer.byteLength(body));
  buffer.write(body, 8);
  return buffer;
}

export function stampMessage(buffer: Buffer, time: number): void {
  buffer.writeDoubleBE(time, 0);
}

/** Bytes of a stored message without its time. */
export const contentLength = (buffer: Buffer): number => buffer.length - 8;

export const timeOf = (buffer: Buffer): number => buffer.readDoubleBE(0);

export function decodeMessage(buffer: Buffer, offset: number): LoggedMessage {
  return LoggedMessage.read(placeContent(buffer.toString('utf8', 8), timeOf(buffer), offset), offset);
}

/** The result that is stored for an idempotency key, or for a partition of a source. */
export interface KeyRecord {
  /** Milliseconds since the Unix epoch. */
  readonly until: number;
  readonly offset: number;
  /** The message's id. For a partition of a source, its position and a space come first. */
  readonly id: string;
}

/**
 * The first bytes of the keys of a channel's idempotency keys, as text. A digest of the idempotency
 * key follows, because it may be longer than a key of the store.
 */
export function keyPrefix(channel: number): string {
  const prefix = Buffer.allocUnsafe(NUMBER);
  prefix.writeUIntBE(channel, 0, NUMBER);
  return prefix.toString('latin1');
}

export function encodeKey({ until, offset, id }: KeyRecord): Buffer {
  const buffer = Buffer.allocUnsafe(16 + Buffer.byteLength(id));
  buffer.writeDoubleBE(until, 0);
  buffer.writeDoubleBE(offset, 8);
  buffer.write(id, 16);
  return buffer;
}

export function decodeKey(buffer: Buffer): KeyRecord {
  return { until: buffer.readDoubleBE(0), offset: buffer.readDoubleBE(8), id: buffer.toString('utf8', 16) };
}

/**
 * The key of a row of the expiries: they are in the order of time. The row is of one or more
 * idempotency keys: its key holds the first one, its value the others.
 */
export function expiryKey(until: number, key: Buffer): Buffer {
  const expiry = Buffer.allocUnsafe(NUMBER + key.length);
  expiry.writeUIntBE(Math.min(LARGEST, Math.max(0, Math.ceil(until))), 0, NUMBER);
  key.copy(expiry, NUMBER);
  return expiry;
}

/** Sorts after every key that expires by `now`. */
export const expiryEnd = (now: number): Buffer => expiryKey(now + 1, Buffer.alloc(0));

/** The keys of the idempotency keys of a row of the expiries. */
export function namesOfExpiry(expiry: Buffer, value: Buffer): Buffer[] {
  const names = [expiry.subarray(NUMBER)];
  for (let at = 0; at < value.length; at += KEY_NAME) names.push(value.subarray(at, at + KEY_NAME));
  return names;
}

/** Recognises a row of the expiries by its form. */
export const isExpiry = (key: Buffer, value: Buffer | undefined): boolean =>
  key.length === NUMBER + KEY_NAME && value !== undefined && value.length % KEY_NAME === 0;

/** The key of the revocation of this number. */
export function numberKey(number: number): Buffer {
  const key = Buffer.allocUnsafe(NUMBER);
  key.writeUIntBE(number, 0, NUMBER);
  return key;
}

export const numberOf = (key: Buffer): number => key.readUIntBE(0, NUMBER);

/** Keys of the table `about`: the record of the store as a whole. */
export const ABOUT = Buffer.from('store');
/** The number of the last transaction of the journal that is in the tables. */
export const APPLIED = Buffer.from('journal');
/** The row that tests whether the disk works again. */
export const PROBE = Buffer.from('probe');

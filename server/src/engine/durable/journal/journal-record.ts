import { crc32 } from 'node:zlib';
import { type Change, TABLES } from '../store.ts';

/**
 * One transaction in the journal: mark (4 bytes), number (6), length of the body (4), checksum of
 * number, length and body (4), and the body, which holds the changes in order.
 */
const MARK = 0x534c4a31;
const NUMBER = 4;
const LENGTH = 10;
const CHECKSUM = 14;
const BODY = 18;
/** Of a change: table (1 byte), length of the key (2), length of the value (4). Key and value follow. */
const CHANGE_HEAD = 7;
/** The length of the value of a removed row. */
const REMOVED = 0xffff_ffff;

/** Bytes of a change in a record. */
export const sizeOf = ({ key, value }: Change): number => CHANGE_HEAD + key.length + (value?.length ?? 0);

export function recordSize(changes: readonly Change[]): number {
  let size = BODY;
  for (const change of changes) size += sizeOf(change);
  return size;
}

/** Writes a record of `recordSize` bytes to the start of the buffer. */
export function writeRecord(buffer: Buffer, number: number, changes: readonly Change[]): void {
  let at = BODY;
  for (const change of changes) at = writeChange(buffer, at, change);
  buffer.writeUInt32BE(MARK, 0);
  buffer.writeUIntBE(number, NUMBER, 6);
  buffer.writeUInt32BE(at - BODY, LENGTH);
  buffer.writeUInt32BE(checksumOf(buffer, 0, at - BODY), CHECKSUM);
}

/** Writes a change. Returns its end. */
export function writeChange(buffer: Buffer, start: number, { table, key, value }: Change): number {
  let at = start;
  buffer[at] = TABLES.indexOf(table);
  at = buffer.writeUInt16BE(key.length, at + 1);
  at = buffer.writeUInt32BE(value === null ? REMOVED : value.length, at);
  buffer.set(key, at);
  at += key.length;
  if (value === null) return at;
  buffer.set(value, at);
  return at + value.length;
}

function checksumOf(buffer: Buffer, start: number, length: number): number {
  const head = crc32(buffer.subarray(start + NUMBER, start + CHECKSUM));
  return crc32(buffer.subarray(start + BODY, start + BODY + length), head);
}

/** A whole record whose checksum is right. */
export interface JournalRecord {
  readonly number: number;
  /** Its place in the file, and where the next record starts. */
  readonly start: number;
  readonly end: number;
}

/** Reads the record at this place; `undefined` if no whole, sound record is there. */
export function readRecord(buffer: Buffer, start: number): JournalRecord | undefined {
  if (start + BODY > buffer.length || buffer.readUInt32BE(start) !== MARK) return undefined;
  const length = buffer.readUInt32BE(start + LENGTH);
  const end = start + BODY + length;
  if (end > buffer.length || buffer.readUInt32BE(start + CHECKSUM) !== checksumOf(buffer, start, length)) {
    return undefined;
  }
  return { number: buffer.readUIntBE(start + NUMBER, 6), start, end };
}

/** The changes of a sound record. */
export function changesOf(buffer: Buffer, { start, end }: JournalRecord): Change[] {
  return readChanges(buffer, start + BODY, end);
}

function readChanges(buffer: Buffer, start: number, end: number): Change[] {
  const changes: Change[] = [];
  for (let at = start; at < end; ) {
    const read = readChange(buffer, at);
    changes.push(read.change);
    at = read.end;
  }
  return changes;
}

/** Reads the change at this place, whose key and value are parts of the buffer. */
export function readChange(buffer: Buffer, at: number): { readonly change: Change; readonly end: number } {
  const table = TABLES[buffer.readUInt8(at)];
  if (table === undefined) throw new Error('the journal names a table that this version does not know');
  const keyEnd = at + CHANGE_HEAD + buffer.readUInt16BE(at + 1);
  const key = buffer.subarray(at + CHANGE_HEAD, keyEnd);
  const length = buffer.readUInt32BE(at + 3);
  if (length === REMOVED) return { change: { table, key, value: null }, end: keyEnd };
  const end = keyEnd + length;
  return { change: { table, key, value: buffer.subarray(keyEnd, end) }, end };
}

/** All sound records from `start` on, also behind damaged ones and those of an earlier use of the file. */
export function* recordsFrom(buffer: Buffer, start: number): Iterable<JournalRecord> {
  const mark = Buffer.alloc(4);
  mark.writeUInt32BE(MARK);
  for (let at = buffer.indexOf(mark, start); at >= 0; ) {
    const record = readRecord(buffer, at);
    if (record !== undefined) yield record;
    at = buffer.indexOf(mark, record?.end ?? at + 1);
  }
}

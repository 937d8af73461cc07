/** The rows of consumer groups: one of each group, of each of its entries, and of each dead letter. */
import { hash } from 'node:crypto';
import type { EntryRecord } from '../../group-state/entry.ts';
import type { DeadLetter, GroupGap, GroupOptions } from '../../groups.ts';
import { LoggedMessage } from '../../logged-message.ts';
import { DIGEST } from '../records.ts';

/** Bytes of a number in a key: big-endian, so that keys sort like numbers. */
const NUMBER = 6;
/** The kinds of rows; they follow the number of the channel. */
const GROUP = 0;
const ENTRY = 1;
const LETTER = 2;
/** Bytes of the key of a group: the channel's number, the kind, the digest of the name. */
const GROUP_KEY = NUMBER + 1 + DIGEST;

/** What is stored of a group beside its entries and dead letters. */
export interface GroupRow {
  readonly group: string;
  /** Its position: the newest message that was read from the log. */
  readonly epoch: string;
  readonly offset: number;
  /** Ordinal of the latest dead letter. */
  readonly ordinal: number;
  /** Gaps that are not confirmed. */
  readonly gaps?: readonly GroupGap[];
  /** What claims must carry; absent: nothing. A version that does not know it writes the row without it. */
  readonly fence?: string;
  /** `null`: only the publishers of a queue have used it. */
  readonly start: GroupOptions['start'] | null;
  readonly expires: number | null;
  /** When it was last used, as of the latest write of this row. */
  readonly used: number;
}

/** Names the rows of a group. */
export interface GroupKeys {
  readonly group: Buffer;
  entry(offset: number): Buffer;
  letter(ordinal: number): Buffer;
  /** Bounds of the rows of its entries, and of its dead letters. */
  readonly entries: { readonly start: Buffer; readonly end: Buffer };
  readonly letters: { readonly start: Buffer; readonly end: Buffer };
}

export function keysOf(channel: number, group: string): GroupKeys {
  const digest = Buffer.from(hash('sha256', group, 'binary').slice(0, DIGEST), 'latin1');
  const prefix = (kind: number) => Buffer.concat([channelKey(channel, kind), digest]);
  const [entry, letter] = [prefix(ENTRY), prefix(LETTER)];
  return {
    group: prefix(GROUP),
    entry: (offset) => numbered(entry, offset),
    letter: (ordinal) => numbered(letter, ordinal),
    entries: { start: numbered(entry, 0), end: numbered(entry, 2 ** (8 * NUMBER) - 1) },
    letters: { start: numbered(letter, 0), end: numbered(letter, 2 ** (8 * NUMBER) - 1) },
  };
}

function channelKey(channel: number, kind: number): Buffer {
  const key = Buffer.allocUnsafe(NUMBER + 1);
  key.writeUIntBE(channel, 0, NUMBER);
  key[NUMBER] = kind;
  return key;
}

function numbered(prefix: Buffer, number: number): Buffer {
  const key = Buffer.allocUnsafe(prefix.length + NUMBER);
  prefix.copy(key);
  key.writeUIntBE(number, prefix.length, NUMBER);
  return key;
}

/** Bounds of the rows of a channel's groups, without those of entries and dead letters. */
export const groupsOf = (channel: number): { start: Buffer; end: Buffer } => ({
  start: channelKey(channel, GROUP),
  end: channelKey(channel, ENTRY),
});

/** Bounds of all rows of a channel's groups. */
export const rowsOf = (channel: number): { start: Buffer; end: Buffer } => ({
  start: channelKey(channel, GROUP),
  end: channelKey(channel + 1, GROUP),
});

/** Recognises a row by the form of its key. */
export const isGroupKey = (key: Buffer): boolean =>
  (key.length === GROUP_KEY && key[NUMBER] === GROUP) ||
  (key.length === GROUP_KEY + NUMBER && (key[NUMBER] === ENTRY || key[NUMBER] === LETTER));

const toBuffer = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

export const encodeGroup = (row: GroupRow): Buffer => toBuffer(row);
export const decodeGroup = (value: Buffer): GroupRow => JSON.parse(value.toString()) as GroupRow;

type StoredEntry = Omit<EntryRecord, 'copy'> & { readonly copy?: string };

export function encodeEntry({ copy, ...entry }: EntryRecord): Buffer {
  return toBuffer({ ...entry, ...(copy && { copy: copy.json }) } satisfies StoredEntry);
}

export function decodeEntry(value: Buffer): EntryRecord {
  const { copy, ...entry } = JSON.parse(value.toString()) as StoredEntry;
  return { ...entry, ...(copy !== undefined && { copy: LoggedMessage.read(copy, entry.offset) }) };
}

type StoredLetter = Omit<DeadLetter, 'message'> & { readonly message: string; readonly offset: number };

export function encodeLetter({ message, ...letter }: DeadLetter): Buffer {
  return toBuffer({ ...letter, message: message.json, offset: message.offset } satisfies StoredLetter);
}

export function decodeLetter(value: Buffer): DeadLetter {
  const { message, offset, ...letter } = JSON.parse(value.toString()) as StoredLetter;
  return { ...letter, message: LoggedMessage.read(message, offset) };
}

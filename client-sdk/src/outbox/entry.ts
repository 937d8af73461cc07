import { type ErrorBody, OUTBOX_ERRORS } from '@sluice/protocol';
import { SluiceError } from '../index.ts';
import type { OutboxMessage, OutboxStatus } from './api.ts';

/** A message and what the outbox has to know of it. Never changed, only replaced. */
export interface Entry extends OutboxMessage {
  /** Its place among all messages: its number on disk, where it is stored. `PENDING` and more while it is being stored. */
  readonly order: number;
  /** Counts its changes, so that late news of it are known to be late. */
  readonly version: number;
  /** When its patience ends: milliseconds since the Unix epoch, by the outbox's clock. */
  readonly until: number;
  /** When it was first sent, with an outcome that is not known. */
  readonly sentAt?: number | undefined;
  /** As JSON. */
  readonly bytes: number;
}

/** An entry as it is on disk, and as tabs tell each other. An `Error` would lose its fields there. */
export interface EntryRecord extends Omit<Entry, 'error'> {
  readonly error?: ErrorBody | undefined;
}

/** What becomes of an entry. */
export type Change = Partial<Pick<Entry, 'status' | 'sentAt' | 'until' | 'error' | 'result'>>;

/** Orders from here on belong to entries that are still being stored. */
export const PENDING = 2 ** 52;

/** How long messages are kept, in milliseconds. */
export interface Patience {
  readonly maxAge: number;
  readonly dedupeWindow: number;
}

// A repeat that leaves just in time arrives later: so many milliseconds it may take.
const TRAVEL = 10_000;

export function isFinal(status: OutboxStatus): boolean {
  return status === 'accepted' || status === 'discarded';
}

/** When something happens to an entry by itself. */
export function deadline({ status, until, sentAt = 0 }: Entry, { dedupeWindow }: Patience, now: number): number {
  if (status !== 'sent') return until;
  // Sent in the future: the device's clock was set back since, so that nobody knows how long ago it was.
  if (sentAt > now + TRAVEL) return now;
  return sentAt + Math.max(dedupeWindow - TRAVEL, dedupeWindow / 2);
}

/** What has happened to an entry by itself until now, if anything. */
export function overdue(entry: Entry, now: number, patience: Patience): Change | undefined {
  if (now < deadline(entry, patience, now)) return undefined;
  if (entry.status === 'refused') return { status: 'discarded' };
  return refused(outboxError(entry.status === 'sent' ? 'outcome_unknown' : 'outbox_expired'), now, patience);
}

/** It is not sent any more, unless the application wants it. */
export function refused(error: SluiceError, now: number, { maxAge }: Patience): Change {
  return { status: 'refused', error, until: now + maxAge };
}

/** An error of the outbox. */
export function outboxError(name: keyof typeof OUTBOX_ERRORS, cause?: unknown, detail = ''): SluiceError {
  const kind = OUTBOX_ERRORS[name];
  return new SluiceError({ ...kind, name, message: kind.message + detail }, cause);
}

/** Is it newer than what is known, or the same with its place on disk? */
export function isNews({ version, order, stored }: Entry, known: Entry): boolean {
  return version > known.version || (version === known.version && (order !== known.order || (stored && !known.stored)));
}

export function toRecord({ error, ...entry }: Entry): EntryRecord {
  if (!error) return entry;
  const { name, code, message, retryable } = error;
  return { ...entry, error: { name, code, message, retryable } };
}

export function fromRecord({ error, ...record }: EntryRecord): Entry {
  return error ? { ...record, error: new SluiceError(error) } : record;
}

/** Turns what becomes of an entry into the entry that comes of it. */
export function replacing(
  { version }: Entry,
  alter: (entry: Entry) => Change | undefined,
): (entry: Entry) => Entry | undefined {
  return (entry) => {
    const change = alter(entry);
    return change && { ...entry, ...change, version: Math.max(entry.version, version) + 1 };
  };
}

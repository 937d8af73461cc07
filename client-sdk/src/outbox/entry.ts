import { type ErrorBody, OUTBOX_ERRORS } from '@sluice/protocol';
import { SluiceError } from '../index.ts';
import type { OutboxMessage, OutboxStatus } from './message-api.ts';

/** A message with the outbox's own fields. Immutable. */
export interface Entry extends OutboxMessage {
  /** Its place among all messages: its number on disk, or at least `PENDING` while it is being stored. */
  readonly order: number;
  /** Counts its changes, so that late news is recognized. */
  readonly version: number;
  /** When it expires: milliseconds since the Unix epoch, by the outbox's clock. */
  readonly until: number;
  /** When it was first sent, while the outcome is unknown. */
  readonly sentAt?: number | undefined;
  /** Its size as JSON. */
  readonly bytes: number;
}

/**
 * An entry as it is stored on disk and sent to other tabs. Structured cloning would drop the fields
 * of an `Error`.
 */
export interface EntryRecord extends Omit<Entry, 'error'> {
  readonly error?: ErrorBody | undefined;
}

/** The fields of an entry that can change. */
export type Change = Partial<Pick<Entry, 'status' | 'sentAt' | 'until' | 'error' | 'result'>>;

/** Orders from here on belong to entries that are still being stored. */
export const PENDING = 2 ** 52;

/** How long messages are kept, in milliseconds. */
export interface Lifetimes {
  readonly maxAge: number;
  readonly dedupeWindow: number;
}

// Milliseconds that a repeat may travel: one that leaves just in time arrives later.
const TRAVEL = 10_000;

export function isFinal(status: OutboxStatus): boolean {
  return status === 'accepted' || status === 'discarded';
}

/** When an entry's status next changes by time alone. */
export function deadline({ status, until, sentAt = 0 }: Entry, { dedupeWindow }: Lifetimes, now: number): number {
  if (status !== 'sent') return until;
  // Sent in the future: the device's clock was set back, so the time since then is unknown.
  if (sentAt > now + TRAVEL) return now;
  return sentAt + Math.max(dedupeWindow - TRAVEL, dedupeWindow / 2);
}

/** The change that is due for an entry by time alone, if any. */
export function overdue(entry: Entry, now: number, lifetimes: Lifetimes): Change | undefined {
  if (now < deadline(entry, lifetimes, now)) return undefined;
  if (entry.status === 'refused') return { status: 'discarded' };
  return refused(outboxError(entry.status === 'sent' ? 'outcome_unknown' : 'outbox_expired'), now, lifetimes);
}

/** The change that stops sending an entry until the application retries it. */
export function refused(error: SluiceError, now: number, { maxAge }: Lifetimes): Change {
  return { status: 'refused', error, until: now + maxAge };
}

/** An error of the outbox. */
export function outboxError(name: keyof typeof OUTBOX_ERRORS, cause?: unknown, detail = ''): SluiceError {
  const kind = OUTBOX_ERRORS[name];
  return new SluiceError({ ...kind, name, message: kind.message + detail }, cause);
}

/** Is it newer than the known version, or the same version with its place on disk? */
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

/** Makes a function that applies `alter` to an entry and increases its version. */
export function replacing(
  { version }: Entry,
  alter: (entry: Entry) => Change | undefined,
): (entry: Entry) => Entry | undefined {
  return (entry) => {
    const change = alter(entry);
    return change && { ...entry, ...change, version: Math.max(entry.version, version) + 1 };
  };
}

import type { LoggedMessage } from '../logged-message.ts';

/**
 * Where a message is that the group has taken from the log: at a consumer, waiting for the end of its
 * backoff, to be delivered next, or behind an earlier one of its order.
 */
export type Phase = 'in_flight' | 'delayed' | 'ready' | 'blocked' | 'settled';

/** The fields of an entry that outlive a restart. */
export interface EntryRecord {
  readonly offset: number;
  readonly phase: Exclude<Phase, 'settled'>;
  /** Deliveries so far. */
  readonly attempt: number;
  /** Of the claim that delivered it last. */
  readonly token: string;
  /** When its delivery expires, or its backoff ends. */
  readonly due: number;
  /** What its order depends on; `null`: it has no order. */
  readonly key: string | null;
  /** What its consumer said about its latest failure. */
  readonly error?: string;
  /** The message itself if the log may not have it: it was dead before, or many after it are settled. */
  readonly copy?: LoggedMessage;
}

/** An unsettled message that the group has taken from the log. */
export class Entry {
  readonly offset: number;
  readonly key: string | null;
  copy: LoggedMessage | undefined;
  phase: Phase = 'ready';
  attempt = 0;
  token = '';
  due = 0;
  error: string | undefined;

  constructor(offset: number, key: string | null, copy?: LoggedMessage) {
    this.offset = offset;
    this.key = key;
    this.copy = copy;
  }

  static restore(record: EntryRecord): Entry {
    const entry = new Entry(record.offset, record.key, record.copy);
    entry.phase = record.phase;
    entry.attempt = record.attempt;
    entry.token = record.token;
    entry.due = record.due;
    entry.error = record.error;
    return entry;
  }

  /** `null`: it is settled. */
  record(): EntryRecord | null {
    const { offset, phase, attempt, token, due, key, error, copy } = this;
    if (phase === 'settled') return null;
    return {
      ...{ offset, phase, attempt, token, due, key },
      ...(error === undefined ? undefined : { error }),
      ...(copy === undefined ? undefined : { copy }),
    };
  }
}

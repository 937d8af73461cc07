import type { PublishResult } from '@sluice/protocol';
import { type AppendOptions, EngineUnavailable, HeadMoved, type Log } from '../engine/engine.ts';
import type { LoggedMessage } from '../engine/logged-message.ts';
import type { Clock, Timer } from '../util/clock.ts';
import { asJson, asRecord, SCHEDULES, type ScheduleRecord, type SettledMessage } from './schedule-record.ts';

/** An entry of the log that still matters. */
export interface LiveEntry {
  /** Of the first time that it was written. */
  readonly id: string;
  /** Of the last time that it was written. */
  readonly offset: number;
}

/** Where a record is in the log. */
export interface Logged extends PublishResult {
  /** Its key was used before: this is the place of the first record, and nothing was appended. */
  readonly isRepeat: boolean;
}

/** What this node keeps in memory of the log. Records of kinds that it does not know are ignored. */
export interface LogView {
  add(entry: LiveEntry, record: ScheduleRecord): void;
  /** The entry does not matter any more. */
  remove(id: string): void;
  /** The log begins again. */
  clear(): void;
  /** The entry that retention would remove first. Linear, so ask seldom. */
  oldest(): LiveEntry | undefined;
}

export interface ScheduleLogParts {
  readonly log: Log;
  readonly clock: Clock;
  readonly nextId: () => string;
  readonly views: readonly LogView[];
  /** Something was read: timers may be due at another time. */
  readonly changed: () => void;
  readonly fault: (error: unknown) => void;
  /** Entries that the log keeps. Tests choose fewer. */
  readonly mostEntries?: number | undefined;
}

const HOUR = 3_600_000;
/** Entries of the log: those that matter in its older half are written again, so that it never drops them. */
const MOST_ENTRIES = 200_000;
/** Ten years: only the number of entries matters. */
const AGE = 87_600 * HOUR;
/** Milliseconds for which the key of an entry is remembered. */
export const REMEMBERED = HOUR;
const PAGE = 1_000;
/** Milliseconds until the log is read again that could not be read. */
const RETRY = 1_000;
/** Settled entries that are remembered, so that one that was written again meanwhile is ignored. */
const MOST_SETTLED = 10_000;

/** An append that expects this head appends nothing: it only answers a key that is remembered. */
const NO_HEAD = { offset: -1 };
const NOTHING: ScheduleRecord = { kind: 'settled', scheduled: '' };

const settledKey = (id: string): string => `settled ${id}`;

/** The log of schedules, as a node follows it: it is stored as channels are, by every engine. */
export class ScheduleLog {
  readonly #parts: ScheduleLogParts;
  readonly #settled = new Set<string>();
  readonly #mostEntries: number;
  #epoch: string | undefined;
  #head = 0;
  #reading: Promise<void> | undefined;
  #readingLater: Timer | undefined;
  #isStale = false;
  #state: 'idle' | 'running' | 'closed' = 'idle';

  constructor(parts: ScheduleLogParts) {
    this.#parts = parts;
    this.#mostEntries = parts.mostEntries ?? MOST_ENTRIES;
  }

  get isRunning(): boolean {
    return this.#state === 'running';
  }

  /** Reads the log, and follows it from then on. */
  async start(): Promise<void> {
    this.#state = 'running';
    try {
      await this.#parts.log.watch(SCHEDULES);
      await this.#read();
    } catch (error) {
      this.#state = 'idle';
      throw error;
    }
  }

  close(): void {
    this.#state = 'closed';
    this.#readingLater?.cancel();
  }

  /** Appends a record; with a key only once within an hour: a repeat gets the position of the first. */
  append(record: ScheduleRecord, key?: string): Promise<Logged> {
    return this.#append(record, key === undefined ? {} : { key });
  }

  /** The place of the record that was appended with a key within the last hour. */
  async recall(key: string): Promise<Logged | undefined> {
    try {
      return await this.#append(NOTHING, { key, expected: NO_HEAD });
    } catch (error) {
      if (error instanceof HeadMoved) return undefined;
      throw error;
    }
  }

  async #append(record: ScheduleRecord, only: Pick<AppendOptions, 'key' | 'expected'>): Promise<Logged> {
    const { log, clock, nextId } = this.#parts;
    const id = nextId();
    const options: AppendOptions = {
      ...{ retention: { count: this.#mostEntries, age: AGE }, window: REMEMBERED },
      ...only,
    };
    const result = await log.append(SCHEDULES, { id, time: clock.now(), data: asJson(record) }, options);
    return { ...result, isRepeat: result.id !== id };
  }

  /** Appends a record, and applies it without waiting for its announcement. */
  async apply(record: ScheduleRecord, key?: string): Promise<void> {
    const { id, epoch, offset } = await this.append(record, key);
    if (epoch === this.#epoch) this.#add({ id: record.original ?? id, offset }, record);
  }

  /**
   * Applies a record if this node has read everything that was appended before it.
   *
   * @returns whether it was appended
   */
  async applyIfRead(record: ScheduleRecord): Promise<boolean> {
    const logged = await this.appendIfRead(record);
    if (logged === undefined) return false;
    const { id, epoch, offset } = logged;
    if (epoch === this.#epoch) this.#add({ id, offset }, record);
    return true;
  }

  /**
   * Appends a record if this node has read everything that was appended before it. A key that is
   * remembered is answered in any case.
   */
  async appendIfRead(record: ScheduleRecord, key?: string): Promise<Logged | undefined> {
    const expected = { offset: this.#head, ...(this.#epoch !== undefined && { epoch: this.#epoch }) };
    try {
      return await this.#append(record, { expected, ...(key !== undefined && { key }) });
    } catch (error) {
      if (error instanceof HeadMoved) return undefined;
      throw error;
    }
  }

  /** Appends that an entry does not matter any more. */
  async settle(id: string, how: Pick<SettledMessage, 'withdrawn'> = {}): Promise<void> {
    await this.append({ kind: 'settled', scheduled: id, ...how }, settledKey(id));
    this.#forget(id);
  }

  /** Was an entry withdrawn within the last hour? */
  async isWithdrawn(id: string): Promise<boolean> {
    const settled = await this.recall(settledKey(id));
    const record = settled && (await this.recordAt(settled));
    return record?.kind === 'settled' && record.withdrawn === true;
  }

  /** The record of an entry; `undefined` if the log lost it. */
  async recordAt({ offset }: LiveEntry): Promise<ScheduleRecord | undefined> {
    const { epoch, messages } = await this.#parts.log.read(SCHEDULES, offset - 1, 1);
    const message = messages[0]?.message;
    return epoch !== this.#epoch || message?.offset !== offset ? undefined : asRecord(message.data);
  }

  /** An entry was appended, by this node or another. */
  take(epoch: string, { message }: LoggedMessage): void {
    if (this.#reading !== undefined || epoch !== this.#epoch || message.offset !== this.#head + 1) {
      this.interrupted();
      return;
    }
    this.#head = message.offset;
    this.#apply(message);
    if (this.#head % PAGE === 0) this.#keepOld();
    this.#parts.changed();
  }

  /** Entries may have been missed. */
  interrupted(): void {
    this.#isStale = true;
    if (this.#reading === undefined && this.isRunning) {
      this.#read().catch((error: unknown) => this.#readLater(error));
    }
  }

  /** The log could not be read: what other nodes have scheduled meanwhile must not be missed. */
  #readLater(error: unknown): void {
    if (!(error instanceof EngineUnavailable)) this.#parts.fault(error);
    this.#readingLater?.cancel();
    this.#readingLater = this.#parts.clock.after(RETRY, () => this.interrupted());
  }

  /** Reads entries of other nodes whose announcements have not arrived yet. */
  async catchUp(): Promise<void> {
    if (!this.isRunning) return;
    await this.#reading;
    await this.#read();
  }

  #read(): Promise<void> {
    this.#reading ??= this.#readAll().finally(() => {
      this.#reading = undefined;
      if (this.#isStale) this.interrupted();
    });
    return this.#reading;
  }

  async #readAll(): Promise<void> {
    this.#isStale = false;
    for (let isAtEnd = false; !isAtEnd && this.isRunning; ) {
      const page = await this.#parts.log.read(SCHEDULES, this.#head, PAGE);
      if (page.epoch !== this.#epoch) this.#begin(page.epoch);
      else {
        for (const { message } of page.messages) this.#apply(message);
        this.#head = page.messages.at(-1)?.offset ?? page.head;
        isAtEnd = this.#head >= page.head;
      }
    }
    this.#parts.changed();
  }

  #begin(epoch: string): void {
    this.#epoch = epoch;
    this.#head = 0;
    for (const view of this.#parts.views) view.clear();
  }

  #apply({ id: entry, offset, data }: LoggedMessage['message']): void {
    const record = asRecord(data);
    if (record.kind === 'settled') {
      this.#forget(record.scheduled);
      return;
    }
    this.#add({ id: record.original ?? entry, offset }, record);
  }

  #add(entry: LiveEntry, record: ScheduleRecord): void {
    if (this.#settled.has(entry.id)) return;
    for (const view of this.#parts.views) view.add(entry, record);
  }

  #forget(id: string): void {
    for (const view of this.#parts.views) view.remove(id);
    this.#settled.add(id);
    const [oldest] = this.#settled;
    if (this.#settled.size > MOST_SETTLED && oldest !== undefined) this.#settled.delete(oldest);
  }

  /** Writes entries again that retention would remove while they matter. */
  #keepOld(): void {
    this.#keepOldest().catch((error: unknown) => this.#parts.fault(error));
  }

  async #keepOldest(): Promise<void> {
    for (const view of this.#parts.views) {
      for (let oldest = view.oldest(); oldest !== undefined && this.#isOld(oldest); oldest = view.oldest()) {
        await this.#writeAgain(oldest, view);
      }
    }
  }

  #isOld({ offset }: LiveEntry): boolean {
    return this.isRunning && this.#head - offset >= this.#mostEntries / 2;
  }

  async #writeAgain(entry: LiveEntry, view: LogView): Promise<void> {
    const { id, offset } = entry;
    const record = await this.recordAt(entry);
    if (record === undefined) {
      view.remove(id);
      this.#parts.fault(new Error(`the log of schedules lost its entry ${offset}`));
      return;
    }
    await this.apply({ ...record, original: id }, `again ${id} ${offset}`);
  }
}

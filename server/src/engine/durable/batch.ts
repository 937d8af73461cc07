import type { Position, PublishResult } from '@sluice/protocol';
import { type AppendOptions, type Copy, checkHead, EngineFull, type Entry, type Retention } from '../engine.ts';
import { SOURCE_KEPT, sourceKey } from '../source-position.ts';
import { BatchLog } from './batch-log.ts';
import { appendingOf, largestBody } from './copying.ts';
import { nameOf } from './journal/overlay-table.ts';
import { KeyChanges } from './key-changes.ts';
import { findChannel, oldestAt } from './log-reader.ts';
import { ABOUT, type ChannelRecord, encodeChannel, type KeyRecord, messageKey, stampMessage } from './records.ts';
import type { Change, Store } from './store.ts';

/** What concerns the store as a whole. */
export interface About {
  /** Names the life of the store. A new one gives every channel a new epoch. */
  readonly life: string;
  /**
   * Generation of new channels. It grows when a channel is removed, so that the channel never gets
   * an old epoch again.
   */
  generation: number;
  nextChannel: number;
  nextRevocation: number;
}

export interface BatchOptions {
  readonly store: Store;
  readonly about: About;
  /** Generation that was promised to a channel that has no message yet. */
  readonly promised: (channel: string) => number | undefined;
  /** Bytes that it may add. */
  readonly room: number;
  /** Time by `AgeClock`, for expiry. */
  readonly now: number;
}

/** A message to append, encoded already. */
export interface Appending {
  readonly channel: string;
  readonly entry: Entry;
  readonly body: Buffer;
  readonly options: AppendOptions;
  /** Called before the message is added, if the channel is a queue. Throws to refuse it. */
  readonly admit?: ((batch: Batch) => void) | undefined;
}

/** Position of a message. */
export interface Placed {
  readonly result: PublishResult;
  /** Its time in the log; `undefined` if its key was used before: then it was not appended. */
  readonly time: number | undefined;
}

/** A channel that the batch looked at. */
export interface OpenChannel {
  readonly record: ChannelRecord;
  readonly epoch: string;
  isChanged: boolean;
}

/** Overhead of a message in bytes: keys, the records of its channel and of its idempotency key. */
const OVERHEAD = 256;
/** Maximum number of expired rows that each append removes: more than it adds, so that a log shrinks. */
const CLEARED = 4;
/** Maximum number of messages that one dropping removes; the sweep removes the others. */
const DROPPED = 1_000;
/** The number of a channel that does not exist. */
const NO_CHANNEL = 0;

export const epochOf = (about: Pick<About, 'life'>, generation: number): string => `${about.life}.${generation}`;

const sameRetention = (a: Retention, b: Retention): boolean => a?.count === b?.count && a?.age === b?.age;

const toResult = ({ epoch }: OpenChannel, { id, offset }: { id: string; offset: number }): PublishResult => ({
  id,
  epoch,
  offset,
});

/**
 * A transaction being built: each operation is decided against the store and the batch's earlier decisions.
 * Nothing happens until its changes are written; a discarded batch leaves no trace.
 */
export class Batch {
  readonly #options: BatchOptions;
  readonly #store: Store;
  readonly about: About;
  readonly #channels = new Map<string, OpenChannel>();
  readonly #keys: KeyChanges;
  readonly #changes: Change[] = [];
  /** Bodies of added messages, of the first `#indexed` changes. */
  readonly #bodies = new Map<string, Buffer>();
  #indexed = 0;
  #room: number;
  readonly #now: number;

  constructor(options: BatchOptions) {
    this.#options = options;
    this.#store = options.store;
    this.about = { ...options.about };
    this.#room = options.room;
    this.#now = options.now;
    this.#keys = new KeyChanges(options.store, this.#changes);
  }

  #open(channel: string): OpenChannel | undefined {
    const open = this.#channels.get(channel);
    if (open !== undefined) return open;
    const record = findChannel(this.#store, channel);
    return record === undefined ? undefined : this.#add(channel, record);
  }

  #add(channel: string, record: ChannelRecord): OpenChannel {
    const open = { record, epoch: epochOf(this.about, record.generation), isChanged: false };
    this.#channels.set(channel, open);
    return open;
  }

  #make(channel: string): OpenChannel {
    return this.#add(channel, this.#newRecord(channel, this.about.nextChannel++));
  }

  #newRecord(channel: string, id: number): ChannelRecord {
    const generation = this.#generationFor(channel);
    const numbers = { head: 0, first: 1, kept: 1, lastTime: 0, keysUntil: 0, purged: 0 };
    return { id, generation, ...numbers, retention: null };
  }

  /** Of a channel that has no record yet. */
  #generationFor(channel: string): number {
    return this.#options.promised(channel) ?? this.about.generation;
  }

  /** Of a channel that has no record yet, the head that its first message finds. */
  #headOf(channel: string, open: OpenChannel | undefined): Position {
    if (open !== undefined) return { epoch: open.epoch, offset: open.record.head };
    return { epoch: epochOf(this.about, this.#generationFor(channel)), offset: 0 };
  }

  /** @throws EngineFull if there is no space; HeadMoved if the head is not where it is expected */
  append({ channel, entry, body, options, admit }: Appending): Placed {
    const { window, retention, expected, source } = options;
    const known = this.#open(channel);
    const before = known && this.#recall(known, options);
    if (known && before) {
      if (options.renews === true) this.#renew(known, options, { ...before, until: entry.time + window });
      return { result: toResult(known, before), time: undefined };
    }
    if (expected !== undefined) checkHead(this.#headOf(channel, known), expected);
    this.#take(body.length + OVERHEAD);
    admit?.(this);
    // A queue's group has made the channel.
    const open = this.#open(channel) ?? this.#make(channel);
    const { record } = open;
    this.#place(open, { time: entry.time, body, retention });
    const until = entry.time + (source === undefined ? window : SOURCE_KEPT);
    const placed = { id: entry.id, offset: record.head, until };
    this.#remember(record, options, placed);
    this.#clear(record, CLEARED);
    return { result: toResult(open, placed), time: record.lastTime };
  }

  #recall({ record }: OpenChannel, { key, source }: AppendOptions): KeyRecord | undefined {
    if (source !== undefined) {
      const name = this.#keys.nameOf(record.id, sourceKey(source));
      return this.#keys.recallPosition(name, source.position, this.#now);
    }
    return key === undefined ? undefined : this.#keys.recall(this.#keys.nameOf(record.id, key), this.#now);
  }

  #renew(open: OpenChannel, options: AppendOptions, renewed: KeyRecord): void {
    const before = this.#recall(open, options);
    if (options.source !== undefined || before === undefined || before.until >= renewed.until) return;
    open.isChanged = true;
    this.#remember(open.record, options, renewed);
  }

  #remember(record: ChannelRecord, { key, source }: AppendOptions, placed: KeyRecord): void {
    if (source !== undefined) {
      this.#keys.rememberPosition(this.#keys.nameOf(record.id, sourceKey(source)), source.position, placed);
    } else if (key !== undefined) this.#keys.remember(this.#keys.nameOf(record.id, key), placed);
    else return;
    record.keysUntil = Math.max(record.keysUntil, placed.until);
  }

  /**
   * Appends a message and its copies: all of them, or none.
   *
   * @returns the places of the message and of the copies; only the first if its key was used before
   */
  appendAll(appending: Appending, copies: readonly Copy[]): readonly (Placed & { readonly of: Appending })[] {
    const { channel, body } = appending;
    this.#mustFit((copies.length + 1) * (largestBody(body) + OVERHEAD));
    // Reading may fail, and must not do so after something has changed.
    for (const copy of copies) this.#open(copy.channel);
    const placed = this.append(appending);
    const all = [{ ...placed, of: appending }];
    if (placed.time === undefined) return all;
    for (const copy of copies) {
      const own = appendingOf(copy, { channel, offset: placed.result.offset });
      all.push({ ...this.append(own), of: own });
    }
    return all;
  }

  #mustFit(bytes: number): void {
    if (bytes > this.#room) throw new EngineFull('the channels have taken as much of the disk as they may');
  }

  #take(bytes: number): void {
    this.#mustFit(bytes);
    this.#room -= bytes;
  }

  #place(open: OpenChannel, { time, body, retention }: { time: number; body: Buffer; retention: Retention }): void {
    const { record } = open;
    // A more generous rule must not restore messages that the previous rule dropped. This read may
    // fail; nothing has changed before it.
    const isSame = sameRetention(record.retention, retention);
    const first = isSame ? record.first : oldestAt(this.#store, record, this.#now);
    open.isChanged = true;
    record.first = first;
    record.retention = retention;
    const empty = record.kept > record.head;
    record.head++;
    // Time never runs backwards within a log, so `seek` can use binary search.
    record.lastTime = Math.max(record.lastTime, time);
    if (retention === null) {
      record.first = record.head + 1;
      if (empty) record.kept = record.first;
      return;
    }
    record.first = Math.max(record.first, record.head - retention.count + 1);
    stampMessage(body, record.lastTime);
    this.put({ table: 'messages', key: messageKey(record.id, record.head), value: body });
  }

  /** The channel's log; an empty one, which is not kept, if there is no channel. */
  peekLog(channel: string): BatchLog {
    const record = this.#open(channel)?.record ?? this.#newRecord(channel, NO_CHANNEL);
    const epoch = epochOf(this.about, record.generation);
    return new BatchLog(this, this.#channels.get(channel) ?? { record, epoch, isChanged: false });
  }

  /** The channel's log. Creates the channel if there is none. */
  log(channel: string): BatchLog {
    const known = this.#open(channel);
    const open = known ?? this.#make(channel);
    if (known === undefined) open.isChanged = true;
    return new BatchLog(this, open);
  }

  firstOf({ record }: OpenChannel): number {
    return oldestAt(this.#store, record, this.#now);
  }

  /** A message as it is stored; this batch may have added it. */
  bodyOf(channel: number, offset: number): Buffer {
    const key = messageKey(channel, offset);
    const found = this.#store.get('messages', key) ?? this.#added(key);
    if (found === undefined) throw new Error(`message ${offset} is missing on disk`);
    return found;
  }

  #added(key: Buffer): Buffer | undefined {
    for (; this.#indexed < this.#changes.length; this.#indexed++) {
      const change = this.#changes[this.#indexed];
      if (change?.table === 'messages' && change.value !== null) this.#bodies.set(nameOf(change.key), change.value);
    }
    return this.#bodies.get(nameOf(key));
  }

  dropThrough(open: OpenChannel, offset: number): void {
    const { record } = open;
    const first = Math.min(offset, record.head) + 1;
    if (first <= record.first) return;
    const dropped = first - record.first;
    record.first = first;
    open.isChanged = true;
    this.#clear(record, Math.min(CLEARED * dropped, DROPPED));
  }

  /** Drops all messages of a channel up to this offset, and remembers that they were purged. */
  purge(channel: string, upTo: number): void {
    const open = this.#open(channel);
    if (open === undefined) return;
    const { record } = open;
    const last = Math.min(upTo, record.head);
    if (last <= record.purged) return;
    record.purged = last;
    open.isChanged = true;
    this.dropThrough(open, last);
  }

  put(change: Change): void {
    this.#changes.push(change);
  }

  /** Returns how many of `most` it did not need. */
  #clear(record: ChannelRecord, most: number): number {
    let left = most;
    for (; record.kept < record.first && left > 0; left--) {
      this.put({ table: 'messages', key: messageKey(record.id, record.kept++), value: null });
    }
    return left;
  }

  /**
   * Frees the space of a channel's dropped and expired messages.
   *
   * @returns how many of `most` it did not need
   */
  trim(channel: string, { now, most }: { now: number; most: number }): number {
    const open = this.#open(channel);
    if (open === undefined) return most;
    const { record } = open;
    const { first, kept } = record;
    record.first = Math.max(first, oldestAt(this.#store, record, now));
    const left = this.#clear(record, most);
    if (record.first !== first || record.kept !== kept) open.isChanged = true;
    return left;
  }

  /** Trims the channels of this batch: what lives is not left to the sweep. */
  trimOwn(now: number): void {
    for (const [channel, { isChanged }] of this.#channels) {
      if (isChanged) this.trim(channel, { now, most: CLEARED * CLEARED });
    }
  }

  /**
   * Forgets idempotency keys whose window has passed.
   *
   * @returns how many of `most` it did not need
   */
  forgetKeys(now: number, most: number): number {
    return this.#keys.forget(now, most);
  }

  /**
   * Removes an empty channel, unless this batch uses it. If it is used again, it gets a new epoch.
   *
   * @returns whether it was removed
   */
  forget(channel: string): boolean {
    if (this.#channels.get(channel)?.isChanged) return false;
    this.put({ table: 'channels', key: Buffer.from(channel), value: null });
    this.about.generation++;
    return true;
  }

  /** All rows to write; none if nothing was decided. */
  finish(): readonly Change[] {
    this.#keys.finish();
    for (const [channel, { record, isChanged }] of this.#channels) {
      if (isChanged) this.put({ table: 'channels', key: Buffer.from(channel), value: encodeChannel(record) });
    }
    const about = JSON.stringify(this.about);
    if (about !== JSON.stringify(this.#options.about)) {
      this.put({ table: 'about', key: ABOUT, value: Buffer.from(about) });
    }
    return this.#changes;
  }
}

import { createHash } from 'node:crypto';
import type { Message, PublishResult } from '@sluice/protocol';
import { type AppendOptions, EngineFull, type Entry, type Retention } from '../engine.ts';
import { findChannel, oldestAt } from './log-reader.ts';
import {
  ABOUT,
  type ChannelRecord,
  DIGEST,
  decodeKey,
  encodeChannel,
  encodeKey,
  expiryEnd,
  expiryKey,
  type KeyRecord,
  keyKey,
  keyOfExpiry,
  messageKey,
  stampMessage,
} from './records.ts';
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
}

/** Position of a message; `message` is `null` if its key was used before. */
export interface Placed {
  readonly message: Message | null;
  readonly result: PublishResult;
}

/** Overhead of a message in bytes: keys, the records of its channel and of its idempotency key. */
const OVERHEAD = 256;
/** Maximum number of expired rows that each append removes: more than it adds, so that a log shrinks. */
const CLEARED = 4;

export const epochOf = (about: Pick<About, 'life'>, generation: number): string => `${about.life}.${generation}`;

const sameRetention = (a: Retention, b: Retention): boolean => a?.count === b?.count && a?.age === b?.age;

/**
 * A transaction being built: each operation is decided against the store and the batch's earlier decisions.
 * Nothing happens until its changes are written; a discarded batch leaves no trace.
 */
export class Batch {
  readonly #options: BatchOptions;
  readonly #store: Store;
  readonly about: About;
  readonly #channels = new Map<string, ChannelRecord>();
  readonly #changed = new Set<string>();
  readonly #keys = new Map<string, KeyRecord>();
  readonly #changes: Change[] = [];
  #room: number;
  readonly #now: number;

  constructor(options: BatchOptions) {
    this.#options = options;
    this.#store = options.store;
    this.about = { ...options.about };
    this.#room = options.room;
    this.#now = options.now;
  }

  #open(channel: string): ChannelRecord | undefined {
    const record = this.#channels.get(channel) ?? findChannel(this.#store, channel);
    if (record !== undefined) this.#channels.set(channel, record);
    return record;
  }

  #make(channel: string): ChannelRecord {
    const generation = this.#options.promised(channel) ?? this.about.generation;
    const numbers = { head: 0, first: 1, kept: 1, lastTime: 0, keysUntil: 0 };
    const record: ChannelRecord = { id: this.about.nextChannel++, generation, ...numbers, retention: null };
    this.#channels.set(channel, record);
    return record;
  }

  /** @throws EngineFull if there is no space */
  append({ channel, entry, body, options }: Appending): Placed {
    const known = this.#open(channel);
    const before = known && options.key !== undefined ? this.#recall(known, options.key) : undefined;
    if (known && before) return { message: null, result: this.#toResult(known, before) };
    this.#take(body.length + OVERHEAD);
    const record = known ?? this.#make(channel);
    this.#place(record, { channel, entry, body, options });
    const message: Message = { ...entry, time: record.lastTime, offset: record.head };
    if (options.key !== undefined) {
      this.#remember(record, options.key, { until: entry.time + options.window, offset: record.head, id: entry.id });
    }
    this.#clear(record, CLEARED);
    return { message, result: this.#toResult(record, message) };
  }

  #toResult({ generation }: ChannelRecord, { id, offset }: { id: string; offset: number }): PublishResult {
    return { id, epoch: epochOf(this.about, generation), offset };
  }

  #take(bytes: number): void {
    if (bytes > this.#room) throw new EngineFull('the channels have taken as much of the disk as they may');
    this.#room -= bytes;
  }

  #place(record: ChannelRecord, { channel, entry, body, options: { retention } }: Appending): void {
    // A more generous rule must not restore messages that the previous rule dropped. This read may
    // fail; nothing has changed before it.
    const isSame = sameRetention(record.retention, retention);
    const first = isSame ? record.first : oldestAt(this.#store, record, this.#now);
    this.#changed.add(channel);
    record.first = first;
    record.retention = retention;
    const empty = record.kept > record.head;
    record.head++;
    // Time never runs backwards within a log, so `seek` can use binary search.
    record.lastTime = Math.max(record.lastTime, entry.time);
    if (retention === null) {
      record.first = record.head + 1;
      if (empty) record.kept = record.first;
      return;
    }
    record.first = Math.max(record.first, record.head - retention.count + 1);
    stampMessage(body, record.lastTime);
    this.put({ table: 'messages', key: messageKey(record.id, record.head), value: body });
  }

  #recall(record: ChannelRecord, key: string): KeyRecord | undefined {
    const name = toKey(record, key);
    const remembered = this.#keys.get(name.toString('latin1')) ?? this.#stored(name);
    return remembered !== undefined && remembered.until > this.#now ? remembered : undefined;
  }

  #stored(name: Buffer): KeyRecord | undefined {
    const found = this.#store.get('keys', name);
    return found === undefined ? undefined : decodeKey(found);
  }

  #remember(record: ChannelRecord, key: string, remembered: KeyRecord): void {
    const name = toKey(record, key);
    this.#keys.set(name.toString('latin1'), remembered);
    this.put({ table: 'keys', key: name, value: encodeKey(remembered) });
    this.put({ table: 'expiries', key: expiryKey(remembered.until, name), value: Buffer.alloc(0) });
    record.keysUntil = Math.max(record.keysUntil, remembered.until);
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
    const record = this.#open(channel);
    if (record === undefined) return most;
    const { first, kept } = record;
    record.first = Math.max(first, oldestAt(this.#store, record, now));
    const left = this.#clear(record, most);
    if (record.first !== first || record.kept !== kept) this.#changed.add(channel);
    return left;
  }

  /** Trims the channels of this batch: what lives is not left to the sweep. */
  trimOwn(now: number): void {
    for (const channel of [...this.#changed]) this.trim(channel, { now, most: CLEARED * CLEARED });
  }

  /**
   * Forgets idempotency keys whose window has passed.
   *
   * @returns how many of `most` it did not need
   */
  forgetKeys(now: number, most: number): number {
    let left = most;
    for (const { key: expiry } of this.#store.rows('expiries', { end: expiryEnd(now), limit: most })) {
      left--;
      const name = Buffer.from(keyOfExpiry(expiry));
      this.put({ table: 'expiries', key: Buffer.from(expiry), value: null });
      // The key may have been used again since, with a window that lasts.
      const remembered = this.#keys.get(name.toString('latin1')) ?? this.#stored(name);
      if (remembered !== undefined && remembered.until <= now) this.put({ table: 'keys', key: name, value: null });
    }
    return left;
  }

  /** Removes an empty channel, unless this batch appends to it. If it is used again, it gets a new epoch. */
  forget(channel: string): void {
    if (this.#changed.has(channel)) return;
    this.put({ table: 'channels', key: Buffer.from(channel), value: null });
    this.about.generation++;
  }

  /** All rows to write; none if nothing was decided. */
  finish(): readonly Change[] {
    for (const channel of this.#changed) {
      const record = this.#channels.get(channel);
      if (record !== undefined)
        this.put({ table: 'channels', key: Buffer.from(channel), value: encodeChannel(record) });
    }
    const about = JSON.stringify(this.about);
    if (about !== JSON.stringify(this.#options.about)) {
      this.put({ table: 'about', key: ABOUT, value: Buffer.from(about) });
    }
    return this.#changes;
  }
}

function toKey({ id }: ChannelRecord, key: string): Buffer {
  return keyKey(id, createHash('sha256').update(key).digest().subarray(0, DIGEST));
}

import type { Origin, PublishResult } from '@sluice/protocol';
import { nanoid } from 'nanoid';
import { AgeClock } from '../../util/age-clock.ts';
import { type Clock, systemClock, type Timer } from '../../util/clock.ts';
import { SortedList } from '../../util/sorted-list.ts';
import { type ChannelNames, stretchOf } from '../channel-names.ts';
import {
  type AppendOptions,
  type Copy,
  checkHead,
  type Engine,
  type EngineListener,
  type Entry,
  type Log,
  type Page,
  type Signal,
} from '../engine.ts';
import { BlockPool } from './block-pool.ts';
import { ChannelLog } from './channel-log.ts';
import { MemoryGroups } from './memory-groups.ts';
import { MemoryNodes } from './memory-nodes.ts';
import { MemoryPresence } from './memory-presence.ts';
import { MemoryRevocations } from './memory-revocations.ts';

/** Milliseconds between two steps of the sweep that trims unused logs. */
const SWEEP = 1_000;
/** Logs that one step of the sweep looks at: few enough not to be felt. */
const SWEEP_LOGS = 5_000;
/** Milliseconds after which unused memory is released. */
const TIDY_POOL = 60_000;
/** After how many milliseconds without messages an empty, unwatched log is forgotten. */
const FORGET = 3_600_000;

/** Logs in this process's memory: the fastest engine; a restart begins a new epoch. */
export class MemoryEngine implements Engine, Log {
  readonly name = 'memory';
  readonly log: Log = this;
  readonly copies = true;
  readonly presence: MemoryPresence;
  readonly revocations: MemoryRevocations;
  readonly groups: MemoryGroups;
  readonly nodes = new MemoryNodes();
  readonly #clock: Clock;
  readonly #age: AgeClock;
  readonly #logs = new Map<string, ChannelLog>();
  /** Channels whose log holds messages, or has since the last sweep. */
  readonly #names = new SortedList<string>((name) => name);
  readonly #pool = new BlockPool();
  #poolTidied = 0;
  readonly #life = nanoid(10);
  // A removed log must never get an epoch that it had before.
  #generation = 0;
  #listener: EngineListener = { deliver: () => {} };
  #sweeping = this.#logs.entries();
  #sweep: Timer | undefined;

  constructor({ clock = systemClock }: { clock?: Clock } = {}) {
    this.#clock = clock;
    this.#age = new AgeClock(clock);
    this.presence = new MemoryPresence(clock);
    this.revocations = new MemoryRevocations(clock);
    this.groups = new MemoryGroups(clock, {
      open: (channel) => this.#trimmed(this.#open(channel)),
      peek: (channel) => this.#trimmed(this.#peek(channel)),
    });
    this.revocations.onAdded = (revocation) => this.signal({ type: 'revoke', revocation });
  }

  start(listener: EngineListener): void {
    this.#listener = listener;
    this.#sweep = this.#clock.after(SWEEP, this.#tidy);
  }

  signal(signal: Signal): void {
    this.#listener.signal?.(signal);
  }

  close(): void {
    this.#sweep?.cancel();
    this.presence.close();
  }

  append(channel: string, entry: Entry, options: AppendOptions): PublishResult {
    const log = this.#open(channel);
    const now = this.#age.now(); // once: it reads two clocks
    const before = log.recall(options, now);
    if (before !== undefined) {
      if (options.renews === true) log.renew(options, entry.time);
      return before;
    }
    if (options.expected !== undefined) checkHead({ epoch: log.epoch, offset: log.head }, options.expected);
    if (options.queue !== undefined) this.groups.admit(channel, log, options.queue);
    const { message, result } = log.append(entry, options, now);
    if (!log.listed && !log.empty) this.#list(channel, log);
    if (log.watched) this.#listener.deliver(channel, log.epoch, message);
    if (log.groups !== undefined) this.groups.appended(channel, log.groups);
    if (options.copies !== undefined) this.#copy(options.copies, { channel, offset: result.offset });
    return result;
  }

  #list(channel: string, log: ChannelLog): void {
    log.listed = true;
    this.#names.add(channel);
  }

  /** Nothing can refuse them: no copy is for a queue, has a key or expects a head. */
  #copy(copies: readonly Copy[], origin: Origin): void {
    for (const { channel, entry, options } of copies) this.append(channel, { ...entry, origin }, options);
  }

  read(channel: string, after: number, limit: number): Page {
    return this.#trimmed(this.#peek(channel)).read(after, limit);
  }

  seek(channel: string, time: number): number {
    return this.#trimmed(this.#peek(channel)).seek(time);
  }

  purge(channel: string, upTo: number): void {
    this.#logs.get(channel)?.purge(upTo);
  }

  bytes(channel: string): number {
    return this.#trimmed(this.#peek(channel)).bytes;
  }

  channels(from: string, most: number): ChannelNames {
    const isListed = (name: string): boolean => !this.#trimmed(this.#peek(name)).empty;
    return stretchOf(this.#names.from(from), { most, nameOf: (name) => name, isListed });
  }

  watch(channel: string): void {
    this.#open(channel).watched = true;
  }

  unwatch(channel: string): void {
    const log = this.#logs.get(channel);
    if (log !== undefined) log.watched = false;
  }

  /** Logs that are kept. */
  get size(): number {
    return this.#logs.size;
  }

  /** Messages that are kept. */
  get held(): number {
    let held = 0;
    for (const log of this.#logs.values()) held += log.length;
    return held;
  }

  #open(channel: string): ChannelLog {
    const known = this.#logs.get(channel);
    if (known !== undefined) return known;
    const log = this.#peek(channel);
    this.#logs.set(channel, log);
    return log;
  }

  /** The channel's log, or the one that it would get: reading channels must not fill the memory. */
  #peek(channel: string): ChannelLog {
    const log = this.#logs.get(channel);
    return log ?? new ChannelLog(this.#generation === 0 ? this.#life : `${this.#life}.${this.#generation}`, this.#pool);
  }

  /** Drops what is too old. */
  #trimmed(log: ChannelLog): ChannelLog {
    log.trim(this.#age.now());
    return log;
  }

  readonly #tidy = (): void => {
    const now = this.#age.now();
    for (let looked = 0; looked < SWEEP_LOGS; looked++) {
      const next = this.#sweeping.next();
      if (next.done === true) {
        this.#sweeping = this.#logs.entries();
        break;
      }
      this.#tidyLog(next.value[0], next.value[1], now);
    }
    if (now >= this.#poolTidied + TIDY_POOL) {
      this.#pool.tidy();
      this.#poolTidied = now;
    }
    this.#sweep = this.#clock.after(SWEEP, this.#tidy);
  };

  #unlist(channel: string, log: ChannelLog): void {
    log.listed = false;
    this.#names.delete(channel);
  }

  #tidyLog(channel: string, log: ChannelLog, now: number): void {
    log.trim(now);
    if (log.listed && log.empty) this.#unlist(channel, log);
    log.groups?.expire(this.#clock.monotonic());
    if (log.watched || !log.empty || log.remembers || log.lastTime > now - FORGET) return;
    if (log.groups?.canForget(log) === false) return;
    this.#logs.delete(channel);
    if (log.head > 0) this.#generation++;
  }
}

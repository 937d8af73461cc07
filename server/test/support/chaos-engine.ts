import type { Message, PublishResult } from '@sluice/protocol';
import type { AppendOptions, Engine, EngineListener, Entry, Log, Page, Signal } from '../../src/engine/engine.ts';
import type { LoggedMessage } from '../../src/engine/logged-message.ts';
import { MemoryEngine } from '../../src/engine/memory/memory-engine.ts';
import type { PresenceStore } from '../../src/engine/presence.ts';
import type { RevocationStore } from '../../src/engine/revocations.ts';
import type { Clock } from '../../src/util/clock.ts';

/** All messages of one channel's log, in order, by epoch. */
export type EpochLogs = Map<string, Message[]>;

/**
 * The memory engine with the failures of a remote one: announcements get lost, and a log may begin a
 * new epoch. It records everything that was ever appended, so that tests can check what subscribers
 * receive.
 */
export class ChaosEngine implements Engine, Log {
  readonly name = 'chaos';
  readonly log: Log = this;
  readonly presence: PresenceStore;
  readonly revocations: RevocationStore;
  readonly truth = new Map<string, EpochLogs>();
  readonly #inner: MemoryEngine;
  readonly #generations = new Map<string, number>();
  readonly #watched = new Set<string>();
  readonly #losses = new Map<string, number>();
  /** Channels with changes that no announcement has reported yet. The next announcement reveals them. */
  readonly unannounced = new Set<string>();
  #listener: EngineListener = { deliver: () => {} };

  constructor(clock: Clock) {
    this.#inner = new MemoryEngine({ clock });
    this.presence = this.#inner.presence;
    this.revocations = this.#inner.revocations;
  }

  start(listener: EngineListener): void {
    this.#listener = listener;
    this.#inner.start({
      ...listener,
      deliver: (inner, epoch, message) => this.#announce(inner, epoch, message),
    });
  }

  signal(signal: Signal): void {
    this.#inner.signal(signal);
  }

  close(): void {
    this.#inner.close();
  }

  /** Empties the log without an announcement. */
  restart(channel: string): void {
    this.unannounced.add(channel);
    if (this.#watched.has(channel)) this.#inner.unwatch(this.#name(channel));
    this.#generations.set(channel, this.#generation(channel) + 1);
    if (this.#watched.has(channel)) this.#inner.watch(this.#name(channel));
  }

  /** Drops the next announcements of the channel. */
  lose(channel: string, count: number): void {
    this.#losses.set(channel, count);
  }

  append(channel: string, entry: Entry, options: AppendOptions): PublishResult {
    const result = this.#inner.append(this.#name(channel), entry, options);
    const epoch = this.#epoch(channel, result.epoch);
    if (result.id === entry.id) this.#epochLog(channel, epoch).push({ ...entry, offset: result.offset });
    return { ...result, epoch };
  }

  read(channel: string, after: number, limit: number): Page {
    const page = this.#inner.read(this.#name(channel), after, limit);
    return { ...page, epoch: this.#epoch(channel, page.epoch) };
  }

  seek(channel: string, time: number): number {
    return this.#inner.seek(this.#name(channel), time);
  }

  watch(channel: string): void {
    this.#watched.add(channel);
    this.#inner.watch(this.#name(channel));
  }

  unwatch(channel: string): void {
    this.#watched.delete(channel);
    this.#inner.unwatch(this.#name(channel));
  }

  /** Is the channel watched? */
  watches(channel: string): boolean {
    return this.#watched.has(channel);
  }

  #announce(inner: string, innerEpoch: string, message: LoggedMessage): void {
    const [channel = inner] = inner.split(' ');
    const losses = this.#losses.get(channel) ?? 0;
    if (losses > 0) {
      this.#losses.set(channel, losses - 1);
      this.unannounced.add(channel);
    } else {
      this.unannounced.delete(channel);
      this.#listener.deliver(channel, this.#epoch(channel, innerEpoch), message);
    }
  }

  #epochLog(channel: string, epoch: string): Message[] {
    let logs = this.truth.get(channel);
    if (logs === undefined) {
      logs = new Map();
      this.truth.set(channel, logs);
    }
    let log = logs.get(epoch);
    if (log === undefined) {
      log = [];
      logs.set(epoch, log);
    }
    return log;
  }

  #generation(channel: string): number {
    return this.#generations.get(channel) ?? 0;
  }

  #name(channel: string): string {
    return `${channel} ${this.#generation(channel)}`;
  }

  #epoch(channel: string, inner: string): string {
    return `${inner}/${this.#generation(channel)}`;
  }
}

import type { PublishResult } from '@sluice/protocol';
import {
  type AppendOptions,
  type Engine,
  type EngineListener,
  EngineUnavailable,
  type Entry,
  type Log,
  type Page,
  type Signal,
} from '../../src/engine/engine.ts';
import type { LoggedMessage } from '../../src/engine/logged-message.ts';
import type { PresenceStore } from '../../src/engine/presence.ts';
import type { RevocationStore } from '../../src/engine/revocations.ts';
import type { ChaosEngine } from './chaos-engine.ts';

interface Operation {
  /** Operations of one queue are executed in order. */
  readonly queue: string;
  readonly execute: () => void;
  readonly answer: () => void;
  readonly refuse: (error: Error) => void;
  /** Not for `unwatch`: no caller waits for its answer. */
  readonly refusable: boolean;
  done: boolean;
}

interface Announcement {
  readonly channel: string;
  readonly epoch: string;
  readonly message: LoggedMessage;
}

/**
 * A remote engine: it executes, answers and announces in steps that the test chooses, and is sometimes
 * unavailable. The appends of one channel keep their order, and so do its announcements. Everything
 * else may be reordered.
 */
export class LateEngine implements Engine, Log {
  readonly name = 'late';
  readonly log: Log = this;
  readonly #inner: ChaosEngine;
  #operations: Operation[] = [];
  #announcements: Announcement[] = [];
  #listener: EngineListener = { deliver: () => {} };
  /** How many of the next operations fail as unavailable. */
  away = 0;

  constructor(inner: ChaosEngine) {
    this.#inner = inner;
  }

  get presence(): PresenceStore {
    return this.#inner.presence;
  }

  get revocations(): RevocationStore {
    return this.#inner.revocations;
  }

  start(listener: EngineListener): void {
    this.#listener = listener;
    this.#inner.start({
      ...listener,
      deliver: (channel, epoch, message) => this.#announcements.push({ channel, epoch, message }),
    });
  }

  signal(signal: Signal): void {
    this.#inner.signal(signal);
  }

  close(): void {
    this.#inner.close();
  }

  /** Is there anything left to answer or to announce? */
  get busy(): boolean {
    return this.#operations.length > 0 || this.#announcements.length > 0;
  }

  /** Does one of the possible next things, selected by `choice`. */
  advance(choice: number): void {
    const operations = this.#operations.filter((operation, at) => operation.done || this.#isNext(operation, at));
    const announcements = this.#announcements.filter(
      ({ channel }, at) => this.#announcements.findIndex((other) => other.channel === channel) === at,
    );
    const all = [...operations, ...announcements];
    const chosen = all[choice % Math.max(1, all.length)];
    if (chosen === undefined) return;
    if ('message' in chosen) this.#announce(chosen);
    else this.#proceed(chosen);
  }

  #isNext({ queue }: Operation, at: number): boolean {
    return !this.#operations.slice(0, at).some((earlier) => earlier.queue === queue && !earlier.done);
  }

  #announce(announcement: Announcement): void {
    this.#announcements = this.#announcements.filter((other) => other !== announcement);
    this.#listener.deliver(announcement.channel, announcement.epoch, announcement.message);
  }

  #proceed(operation: Operation): void {
    if (operation.done) {
      this.#operations = this.#operations.filter((other) => other !== operation);
      operation.answer();
    } else if (this.away > 0 && operation.refusable) {
      this.away--;
      this.#operations = this.#operations.filter((other) => other !== operation);
      operation.refuse(new EngineUnavailable('the engine is away'));
    } else {
      operation.done = true;
      operation.execute();
    }
  }

  #enqueue<T>(queue: string, work: () => T, { refusable = true } = {}): Promise<T> {
    return new Promise((resolve, refuse) => {
      let value: T;
      const execute = () => {
        value = work();
      };
      this.#operations.push({ queue, execute, answer: () => resolve(value), refuse, refusable, done: false });
    });
  }

  append(channel: string, entry: Entry, options: AppendOptions): Promise<PublishResult> {
    return this.#enqueue(`append ${channel}`, () => this.#inner.append(channel, entry, options));
  }

  read(channel: string, after: number, limit: number): Promise<Page> {
    return this.#enqueue(`read ${this.#count++}`, () => this.#inner.read(channel, after, limit));
  }

  seek(channel: string, time: number): Promise<number> {
    return this.#enqueue(`seek ${this.#count++}`, () => this.#inner.seek(channel, time));
  }

  watch(channel: string): Promise<void> {
    return this.#enqueue(`watch ${channel}`, () => this.#inner.watch(channel));
  }

  unwatch(channel: string): void {
    void this.#enqueue(`watch ${channel}`, () => this.#inner.unwatch(channel), { refusable: false });
  }

  #count = 0;
}

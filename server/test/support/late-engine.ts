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
  /** Operations of one lane are carried out in their order. */
  readonly lane: string;
  readonly carryOut: () => void;
  readonly answer: () => void;
  readonly refuse: (error: Error) => void;
  /** `unwatch` cannot be: nobody waits for its answer. */
  readonly refusable: boolean;
  done: boolean;
}

interface Announcement {
  readonly channel: string;
  readonly epoch: string;
  readonly message: LoggedMessage;
}

/**
 * An engine that is elsewhere: it carries out what it is asked, answers and announces when the test
 * says so, and sometimes is away. Of one channel appends keep their order, and announcements keep
 * theirs; everything else may overtake everything else.
 */
export class LateEngine implements Engine, Log {
  readonly name = 'late';
  readonly log: Log = this;
  readonly #inner: ChaosEngine;
  #operations: Operation[] = [];
  #announcements: Announcement[] = [];
  #listener: EngineListener = { deliver: () => {} };
  /** So many of the next operations find it away. */
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

  /** Does one thing, whichever `choice` picks among those that may come next. */
  advance(choice: number): void {
    const operations = this.#operations.filter((operation, at) => operation.done || this.#isNext(operation, at));
    const announcements = this.#announcements.filter(
      ({ channel }, at) => this.#announcements.findIndex((other) => other.channel === channel) === at,
    );
    const all = [...operations, ...announcements];
    const chosen = all[choice % Math.max(1, all.length)];
    if (chosen === undefined) return;
    if ('message' in chosen) this.#announce(chosen);
    else this.#goOn(chosen);
  }

  #isNext({ lane }: Operation, at: number): boolean {
    return !this.#operations.slice(0, at).some((earlier) => earlier.lane === lane && !earlier.done);
  }

  #announce(announcement: Announcement): void {
    this.#announcements = this.#announcements.filter((other) => other !== announcement);
    this.#listener.deliver(announcement.channel, announcement.epoch, announcement.message);
  }

  #goOn(operation: Operation): void {
    if (operation.done) {
      this.#operations = this.#operations.filter((other) => other !== operation);
      operation.answer();
    } else if (this.away > 0 && operation.refusable) {
      this.away--;
      this.#operations = this.#operations.filter((other) => other !== operation);
      operation.refuse(new EngineUnavailable('the engine is away'));
    } else {
      operation.done = true;
      operation.carryOut();
    }
  }

  #later<T>(lane: string, work: () => T, { refusable = true } = {}): Promise<T> {
    return new Promise((resolve, refuse) => {
      let value: T;
      const carryOut = () => {
        value = work();
      };
      this.#operations.push({ lane, carryOut, answer: () => resolve(value), refuse, refusable, done: false });
    });
  }

  append(channel: string, entry: Entry, options: AppendOptions): Promise<PublishResult> {
    return this.#later(`append ${channel}`, () => this.#inner.append(channel, entry, options));
  }

  read(channel: string, after: number, limit: number): Promise<Page> {
    return this.#later(`read ${this.#count++}`, () => this.#inner.read(channel, after, limit));
  }

  seek(channel: string, time: number): Promise<number> {
    return this.#later(`seek ${this.#count++}`, () => this.#inner.seek(channel, time));
  }

  watch(channel: string): Promise<void> {
    return this.#later(`watch ${channel}`, () => this.#inner.watch(channel));
  }

  unwatch(channel: string): void {
    void this.#later(`watch ${channel}`, () => this.#inner.unwatch(channel), { refusable: false });
  }

  #count = 0;
}

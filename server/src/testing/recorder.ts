import type { PublishResult } from '@sluice/protocol';
import type { Entry } from '../engine/engine.ts';
import type { EventBus } from '../events.ts';
import type { EngineObserver } from './test-engine.ts';

// As in test-clock.ts: how long a test has patience is real time.
const { setTimeout, clearTimeout } = globalThis;

/** Milliseconds of real time that a test waits for something by default. */
export const PATIENCE = 5_000;

/** One WebSocket, as the gateway knows it. */
export interface TestConnection {
  readonly id: string;
  /** `null`: anonymous. */
  readonly user: string | null;
  /** Channels that it is subscribed to. */
  readonly channels: readonly string[];
}

/** A message that the gateway has received, from whomever. */
export interface ReceivedMessage extends Entry {
  readonly channel: string;
  readonly epoch: string;
  readonly offset: number;
}

/** How long to wait for something. */
export interface WaitOptions {
  /** Milliseconds of real time after which to give up. Default 5,000. */
  readonly timeout?: number;
}

interface Known {
  readonly id: string;
  readonly user: string | null;
  readonly channels: Set<string>;
}

interface Waiter {
  look(): void;
  give(error: Error): void;
}

/** Records what happens in a gateway, and lets tests wait for it without sleeping. */
export class Recorder implements EngineObserver {
  readonly #connections = new Map<string, Known>();
  readonly #received = new Map<string, ReceivedMessage[]>();
  readonly #waiters = new Set<Waiter>();

  /** Called when somebody has authenticated, before anything else is said to them. */
  onArrival: (connection: string, user: string | null) => void = () => {};

  /** Listens to one run of the gateway. */
  listen(events: EventBus): void {
    events.on('authenticated', ({ connection: id, user }) => {
      this.#connections.set(id, { id, user, channels: new Set() });
      this.onArrival(id, user);
      this.look();
    });
    events.on('connectionClosed', ({ connection }) => {
      this.#connections.delete(connection);
      this.look();
    });
    events.on('subscribed', ({ connection, channel }) => {
      this.#connections.get(connection)?.channels.add(channel);
      this.look();
    });
    events.on('unsubscribed', ({ connection, channel }) => {
      this.#connections.get(connection)?.channels.delete(channel);
      this.look();
    });
  }

  appended(channel: string, entry: Entry, { epoch, offset }: PublishResult): void {
    const messages = this.#received.get(channel) ?? [];
    messages.push({ ...entry, channel, epoch, offset });
    this.#received.set(channel, messages);
    this.look();
  }

  /** Those that have authenticated, in the order in which they did. */
  get connections(): readonly TestConnection[] {
    return [...this.#connections.values()].map(({ id, user, channels }) => ({ id, user, channels: [...channels] }));
  }

  /** Everything that was published to a channel since the start, in order, whether the log still has it or not. */
  received(channel: string): readonly ReceivedMessage[] {
    return this.#received.get(channel) ?? [];
  }

  /**
   * Waits until there is something to see.
   *
   * @param look answers `undefined` while there is not
   * @param complain says what was waited for in vain, and what there is instead
   */
  until<T>(look: () => T | undefined, complain: () => string, { timeout = PATIENCE }: WaitOptions = {}): Promise<T> {
    const seen = look();
    if (seen !== undefined) return Promise.resolve(seen);
    return new Promise((resolve, reject) => {
      const end = () => {
        clearTimeout(timer);
        this.#waiters.delete(waiter);
      };
      const waiter: Waiter = {
        look: () => {
          const found = look();
          if (found === undefined) return;
          end();
          resolve(found);
        },
        give: (error) => {
          end();
          reject(error);
        },
      };
      const timer = setTimeout(() => waiter.give(new Error(`${complain()} (waited ${timeout} ms)`)), timeout);
      this.#waiters.add(waiter);
    });
  }

  /** Nothing will happen any more. */
  close(): void {
    for (const waiter of this.#waiters)
      waiter.give(new Error('the test gateway was closed while a test waited for it'));
  }

  /** Has every waiting test look again. */
  look(): void {
    for (const waiter of this.#waiters) waiter.look();
  }
}

import type { PublishResult } from '@sluice/protocol';
import type { Entry } from '../engine/engine.ts';
import type { EventBus } from '../events.ts';
import type { EngineObserver } from './test-engine.ts';

// As in test-clock.ts: the time limit of a test is real time.
const { setTimeout, clearTimeout } = globalThis;

/** Default of the milliseconds of real time that a test waits for a condition. */
export const PATIENCE = 5_000;

/** One WebSocket, as seen by the gateway. */
export interface TestConnection {
  readonly id: string;
  /** `null`: anonymous. */
  readonly user: string | null;
  /** Channels with a subscription of this connection. */
  readonly channels: readonly string[];
}

/** A message that the gateway has accepted, from any publisher. */
export interface ReceivedMessage extends Entry {
  readonly channel: string;
  readonly epoch: string;
  readonly offset: number;
}

/** How long to wait for a condition. */
export interface WaitOptions {
  /** Milliseconds of real time before the wait fails. Default 5,000. */
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

/** Records the events of a gateway, and lets tests wait for them without sleeping. */
export class Recorder implements EngineObserver {
  readonly #connections = new Map<string, Known>();
  readonly #received = new Map<string, ReceivedMessage[]>();
  readonly #waiters = new Set<Waiter>();

  /** Called when a client has authenticated, before the gateway sends it anything else. */
  onArrival: (connection: string, user: string | null) => void = () => {};

  /** Records one run of the gateway. */
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

  /** The authenticated connections, in the order in which they authenticated. */
  get connections(): readonly TestConnection[] {
    return [...this.#connections.values()].map(({ id, user, channels }) => ({ id, user, channels: [...channels] }));
  }

  /**
   * Everything that was published to a channel since the start, in order, including messages that
   * the log no longer has.
   */
  received(channel: string): readonly ReceivedMessage[] {
    return this.#received.get(channel) ?? [];
  }

  /**
   * Waits for a condition.
   *
   * @param look returns `undefined` while the condition does not hold
   * @param complain describes the missing condition, and the current state
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

  /** Ends all waits: there will be no more events. */
  close(): void {
    for (const waiter of this.#waiters)
      waiter.give(new Error('the test gateway was closed while a test waited for it'));
  }

  /** Checks the conditions of all waiting tests again. */
  look(): void {
    for (const waiter of this.#waiters) waiter.look();
  }
}

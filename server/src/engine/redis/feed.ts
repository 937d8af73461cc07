import type { Redis } from 'ioredis';
import { EngineUnavailable } from '../engine.ts';
import type { RedisAddress } from './connect.ts';
import { toEngineError } from './errors.ts';

/** Receives the announcements of one subscription. */
export interface Listener {
  message(payload: string): void;
  /** The connection was lost and is back: messages may have been missed. */
  restored(): void;
}

/** Pub/sub, as the engine needs it: from one server, or from all nodes of a cluster. */
export interface Feed {
  /** Why the feed receives nothing at the moment. */
  readonly trouble: string | undefined;
  connect(): Promise<void>;
  /**
   * Resolves when the subscription is confirmed, and rejects if it is impossible. With `last`, the
   * subscription is retried until it succeeds.
   */
  subscribe(name: string, listener: Listener, options?: { last?: boolean }): Promise<void>;
  unsubscribe(name: string): void;
  /** Resolves when everything that the server sent before has been received. */
  sync(): Promise<void>;
  close(): void;
}

/** Names in one command: enough to be quick, few enough not to hold up the server. */
const BATCH = 500;

interface Batch {
  readonly command: 'subscribe' | 'unsubscribe';
  readonly names: string[];
  readonly done: Promise<void>;
  readonly settle: (sent: Promise<void>) => void;
}

function newBatch(command: Batch['command']): Batch {
  let settle: Batch['settle'] = () => {};
  const done = new Promise<void>((resolve) => {
    settle = resolve;
  });
  return { command, names: [], done, settle };
}

/** What cannot be read, another program has published there, or it was damaged: something may have been missed. */
function hand(payload: string, listener: Listener | undefined): void {
  try {
    listener?.message(payload);
  } catch {
    listener?.restored();
  }
}

/** The feed of one server: a connection that only listens, and remembers its subscriptions. */
export class ServerFeed implements Feed {
  readonly #connection: Redis;
  readonly #label: string;
  readonly #sharded: boolean;
  readonly #wanted = new Map<string, Listener>();
  /** Confirmed subscriptions. */
  readonly #standing = new Map<string, Listener>();
  readonly #beat: number;
  #queue: Batch[] = [];
  #lost = true;
  #timer: NodeJS.Timeout | undefined;
  /** Called when a cluster node does not have the requested slot, or no longer has it. */
  onMoved: () => void = () => {};

  constructor({ label, connect }: RedisAddress, { sharded = false, beat }: { sharded?: boolean; beat: number }) {
    this.#connection = connect();
    this.#label = label;
    this.#sharded = sharded;
    this.#beat = beat;
    const connection = this.#connection;
    connection.on('error', () => {}); // `close` follows
    connection.on(sharded ? 'smessage' : 'message', (name: string, payload: string) => {
      hand(payload, this.#standing.get(name));
    });
    connection.on('moved', () => this.onMoved());
    connection.on('ready', () => void this.#restore());
    connection.on('close', () => {
      this.#lost = true;
      this.#standing.clear();
    });
  }

  get trouble(): string | undefined {
    return this.#connection.status === 'ready' && !this.#lost
      ? undefined
      : `the feed of Redis at ${this.#label} is down`;
  }

  async connect(): Promise<void> {
    try {
      await this.#connection.connect();
    } catch (error) {
      this.close();
      throw toEngineError(error, this.#label);
    }
    // A connection that only listens would not notice that the server is gone.
    this.#timer = setInterval(() => void this.sync().catch(() => {}), this.#beat);
  }

  async subscribe(name: string, listener: Listener, { last = false } = {}): Promise<void> {
    this.#wanted.set(name, listener);
    try {
      if (this.#connection.status !== 'ready')
        throw new EngineUnavailable(`the feed of Redis at ${this.#label} is down`);
      await this.#add('subscribe', name);
    } catch (error) {
      if (!last && this.#wanted.get(name) === listener) this.#wanted.delete(name);
      throw toEngineError(error, this.#label);
    }
    if (this.#wanted.get(name) === listener) this.#standing.set(name, listener);
  }

  unsubscribe(name: string): void {
    if (!this.#wanted.delete(name)) return;
    this.#standing.delete(name);
    if (this.#connection.status === 'ready') this.#add('unsubscribe', name).catch(() => {});
  }

  /** Commands of one kind that are issued together are sent as one. Kinds keep their order. */
  #add(command: Batch['command'], name: string): Promise<void> {
    if (this.#queue.length === 0) queueMicrotask(() => this.#flush());
    const last = this.#queue.at(-1);
    // In a cluster the names of one command would have to be of one slot.
    const joins = last?.command === command && last.names.length < BATCH && !this.#sharded;
    const batch = joins ? last : newBatch(command);
    if (!joins) this.#queue.push(batch);
    batch.names.push(name);
    return batch.done;
  }

  #flush(): void {
    const queue = this.#queue;
    this.#queue = [];
    for (const { command, names, settle } of queue) settle(this.#send(command, names));
  }

  async #send(command: Batch['command'], names: readonly string[]): Promise<void> {
    await this.#connection.call(this.#sharded ? `s${command}` : command, ...names);
  }

  async #restore(): Promise<void> {
    if (!this.#lost) return;
    this.#lost = false;
    const names = [...this.#wanted.keys()];
    try {
      const step = this.#sharded ? 1 : BATCH;
      const sent: Promise<void>[] = [];
      for (let at = 0; at < names.length; at += step) sent.push(this.#send('subscribe', names.slice(at, at + step)));
      await Promise.all(sent);
    } catch {
      this.#lost = true;
      this.#connection.disconnect(true);
      return;
    }
    for (const name of names) {
      const listener = this.#wanted.get(name);
      if (listener === undefined) continue;
      this.#standing.set(name, listener);
      listener.restored();
    }
  }

  async sync(): Promise<void> {
    try {
      await this.#connection.ping();
    } catch (error) {
      throw toEngineError(error, this.#label);
    }
  }

  close(): void {
    clearInterval(this.#timer);
    this.#wanted.clear();
    this.#standing.clear();
    this.#connection.disconnect();
  }
}

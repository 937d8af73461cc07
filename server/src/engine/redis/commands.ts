import type { Cluster, Redis } from 'ioredis';

import { EngineUnavailable } from '../engine.ts';
import { warmUp } from './connect.ts';
import { toEngineError } from './errors.ts';
import type { Script } from './script.ts';

/** Commands that may wait for their answers on one connection; beyond, further ones are refused at once. */
const MOST_WAITING = 20_000;

type Argument = string | number;

/**
 * The connection for commands to one Redis, or to one cluster. A command is answered, or rejected
 * as soon as the connection breaks: nothing waits for a server that is away.
 */
export class Commands {
  readonly #client: Redis | Cluster;
  readonly #label: string;
  readonly #patience: number;
  #waiting = 0;
  #idle: (() => void)[] = [];
  #refusal: string | undefined;
  #failure: Error;
  #closed = false;
  /** Called each time the connection is ready. */
  onReady: () => void = () => {};

  /** @param options `patience`: milliseconds that a first connection may take */
  constructor(client: Redis | Cluster, { label, patience }: { label: string; patience: number }) {
    this.#client = client;
    this.#label = label;
    this.#patience = patience;
    this.#failure = toEngineError(undefined, label);
    client.on('error', (error: unknown) => {
      this.#failure = toEngineError((error as { lastNodeError?: unknown }).lastNodeError ?? error, label);
    });
    client.on('ready', () => {
      this.#refusal = undefined;
      this.onReady();
    });
  }

  /** Why it cannot carry out commands at the moment. */
  get trouble(): string | undefined {
    if (this.#client.status === 'ready') return this.#refusal;
    return this.#failure.message;
  }

  /** Rejects when the server is not there, or does not let us in; it may then be called again. */
  async connect(): Promise<void> {
    this.#closed = false;
    try {
      await this.#opened();
      if ('nodes' in this.#client) await warmUp(this.#client);
    } catch (error) {
      this.close();
      const engineError = toEngineError(error, this.#label);
      // The reason for the close was reported before.
      throw engineError.message === toEngineError(undefined, this.#label).message ? this.#failure : engineError;
    }
  }

  /** A cluster that fails while it connects tries again, and the promise of its first attempt stays open. */
  #opened(): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (then: () => void) => {
        clearTimeout(timer);
        this.#client.off('ready', ready);
        then();
      };
      const ready = () => settle(resolve);
      const timer = setTimeout(() => settle(() => reject(new Error('timeout'))), this.#patience);
      this.#client.once('ready', ready);
      this.#client.connect().then(ready, (error: unknown) => settle(() => reject(error)));
    });
  }

  /** Runs a script, and sends its text where the server does not know it yet. */
  async run(script: Script, keys: readonly string[], values: readonly Argument[]): Promise<unknown> {
    try {
      return await this.#send('evalsha', [script.sha, keys.length, ...keys, ...values]);
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw this.#toError(error);
    }
    return this.call('eval', script.text, keys.length, ...keys, ...values);
  }

  /** Sends one command. Rejects with `EngineUnavailable`, or with an `Error` where the fault is ours. */
  async call(name: string, ...values: readonly Argument[]): Promise<unknown> {
    try {
      return await this.#send(name, values);
    } catch (error) {
      throw this.#toError(error);
    }
  }

  /** Commands that are sent within the call share one write to each connection. */
  together(send: () => void): void {
    const streams = this.#streams();
    for (const stream of streams) stream.cork();
    send();
    for (const stream of streams) stream.uncork();
  }

  /** The open connections to servers that take writes. */
  #streams(): readonly Redis['stream'][] {
    const nodes = 'nodes' in this.#client ? this.#client.nodes('master') : [this.#client];
    return nodes.flatMap(({ status, stream }) => (status === 'ready' ? stream : []));
  }

  /** The error of a command that is refused because as many wait already. */
  tooSlow(waiting: number): EngineUnavailable {
    return new EngineUnavailable(`Redis at ${this.#label} is too slow: ${waiting} commands wait for it`);
  }

  /** The error for what Redis answered to a part of a script. */
  refused(text: string): Error {
    return this.#toError(Object.assign(new Error(text), { name: 'ReplyError' }));
  }

  #toError(error: unknown): Error {
    if (error instanceof EngineUnavailable) return error;
    const engineError = toEngineError(error, this.#label);
    if (engineError instanceof EngineUnavailable && this.#client.status === 'ready')
      this.#refusal = engineError.message;
    return engineError;
  }

  async #send(name: string, values: readonly Argument[]): Promise<unknown> {
    if (this.#closed || this.#client.status !== 'ready') throw this.#failure;
    if (this.#waiting >= MOST_WAITING) throw this.tooSlow(MOST_WAITING);
    this.#waiting++;
    try {
      const answer = await this.#client.call(name, ...values);
      this.#refusal = undefined;
      return answer;
    } finally {
      this.#waiting--;
      if (this.#waiting === 0) for (const resolve of this.#idle.splice(0)) resolve();
    }
  }

  /** Resolves when nothing waits for an answer. */
  idle(): Promise<void> {
    return this.#waiting === 0 ? Promise.resolve() : new Promise((resolve) => this.#idle.push(resolve));
  }

  close(): void {
    this.#closed = true;
    this.#client.disconnect();
  }
}

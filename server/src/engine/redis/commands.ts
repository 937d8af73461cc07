import type { Cluster, Redis } from 'ioredis';
import { EngineUnavailable } from '../engine.ts';
import { reasonOf, toEngineError } from './errors.ts';
import type { Script } from './script.ts';

/** Commands that may wait for their answers on one connection; beyond, further ones are refused at once. */
const MOST_WAITING = 20_000;

type Argument = string | number;

/**
 * The connection for commands to one Redis, or to one cluster. A command is answered, or rejected as soon as the connection
 * breaks: nothing waits for a server that is away.
 */
export class Commands {
  readonly #client: Redis | Cluster;
  readonly #label: string;
  #waiting = 0;
  #refusal: string | undefined;
  #failure = 'the connection is closed';
  #closed = false;
  /** Told each time when the connection stands. */
  onReady: () => void = () => {};

  constructor(client: Redis | Cluster, label: string) {
    this.#client = client;
    this.#label = label;
    client.on('error', (error: unknown) => {
      this.#failure = reasonOf((error as { lastNodeError?: unknown }).lastNodeError ?? error);
    });
    client.on('ready', () => {
      this.#refusal = undefined;
      this.onReady();
    });
  }

  /** Why it cannot carry out commands at the moment. */
  get trouble(): string | undefined {
    if (this.#client.status === 'ready') return this.#refusal;
    return `Redis at ${this.#label} cannot be reached: ${this.#failure}`;
  }

  /** Rejects when the server is not there, or does not let us in. */
  async connect(): Promise<void> {
    try {
      await this.#client.connect();
    } catch (error) {
      const cause = (error as { lastNodeError?: unknown }).lastNodeError ?? error;
      this.close();
      const told = toEngineError(cause, this.#label);
      throw told instanceof EngineUnavailable && reasonOf(cause) === 'the connection is closed'
        ? new EngineUnavailable(this.#troubleAt(this.#failure))
        : told;
    }
  }

  #troubleAt(reason: string): string {
    return `Redis at ${this.#label} cannot be reached: ${reason}`;
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

  #toError(error: unknown): Error {
    if (error instanceof EngineUnavailable) return error;
    const told = toEngineError(error, this.#label);
    if (told instanceof EngineUnavailable && this.#client.status === 'ready') this.#refusal = told.message;
    return told;
  }

  async #send(name: string, values: readonly Argument[]): Promise<unknown> {
    if (this.#closed || this.#client.status !== 'ready') throw new EngineUnavailable(this.#troubleAt(this.#failure));
    if (this.#waiting >= MOST_WAITING) {
      throw new EngineUnavailable(`Redis at ${this.#label} is too slow: ${MOST_WAITING} commands wait for it`);
    }
    this.#waiting++;
    try {
      const answer = await this.#client.call(name, ...values);
      this.#refusal = undefined;
      return answer;
    } finally {
      this.#waiting--;
    }
  }

  close(): void {
    this.#closed = true;
    this.#client.disconnect();
  }
}

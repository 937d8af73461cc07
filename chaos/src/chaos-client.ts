import { type Client, createClient, SluiceError, type Subscription } from '@sluice/client';
import type { Position } from '@sluice/protocol';
import WebSocket from 'ws';
import { isSafe } from './channels.ts';
import type { Ledger, Payload } from './ledger.ts';
import { Reader } from './reader.ts';
import { Tunnel } from './tunnel.ts';
import { pause } from './until.ts';

/** Expected errors while an engine or a gateway is down; every other error is a fault. */
const EXCUSES: ReadonlySet<string> = new Set(['unavailable', 'timed_out', 'closed', 'draining']);
const LOG_LENGTH = 60;
const TIMEOUT = 10_000;
/** Milliseconds between an answer that the engine is unavailable and the next attempt. */
const RETRY = 250;

export interface ChaosClientOptions {
  readonly name: string;
  readonly token: string;
  readonly channels: readonly string[];
  readonly ledger: Ledger;
  readonly keeps: boolean;
  /** The port of any node. */
  readonly choose: () => number | undefined;
  readonly nameOf: (port: number) => string;
  readonly onFault: (text: string) => void;
  /** Milliseconds since the run began. */
  readonly clock: () => number;
}

/**
 * One user of the application: an SDK client on a network of its own, which reads, publishes,
 * reloads, and records its events.
 */
export class ChaosClient {
  readonly name: string;
  readonly network: Tunnel;
  readonly readers: readonly Reader[];
  readonly #options: ChaosClientOptions;
  readonly #subscriptions = new Map<Reader, Subscription>();
  readonly #log: string[] = [];
  #url = '';
  #client: Client | undefined;
  /** Publishes that are not acknowledged yet. */
  pending = 0;
  retries = 0;
  connections = 0;

  constructor(options: ChaosClientOptions) {
    const { name, channels, ledger, keeps, choose, nameOf, onFault } = options;
    this.name = name;
    this.#options = options;
    const blame = (text: string) => {
      this.note(`FAULT ${text}`);
      onFault(`${name}: ${text}`);
    };
    this.readers = channels.map((channel) => new Reader({ channel, ledger, keeps, onFault: blame }));
    this.network = new Tunnel(choose);
    this.network.onConnection = (port) => {
      this.connections++;
      this.note(`connects to ${nameOf(port)}`);
    };
  }

  /** Records an event for the report of a fault. */
  note(text: string): void {
    this.#log.push(`${(this.#options.clock() / 1000).toFixed(3).padStart(9)} ${text}`);
    if (this.#log.length > LOG_LENGTH) this.#log.shift();
  }

  reads(channel: string): boolean {
    return this.readers.some((reader) => reader.channel === channel);
  }

  get log(): string {
    return this.#log.join('\n');
  }

  async start(): Promise<void> {
    this.#url = `ws://127.0.0.1:${await this.network.listen()}/ws`;
    this.open();
  }

  /** The page is loaded: continues at its last position. */
  open(): void {
    const { token } = this.#options;
    const client = createClient({ url: this.#url, token, WebSocket, timeout: TIMEOUT });
    this.#client = client;
    client.on('state', ({ state, error }) =>
      this.note(`is ${state}${error ? `: ${error.name}, ${error.message}` : ''}`),
    );
    client.on('error', (error) => this.#report(error));
    for (const reader of this.readers) this.#read(client, reader);
  }

  /** Errors caused by the gateway are faults; lost connections are expected here. */
  #report({ name, message }: SluiceError): void {
    this.note(`error ${name}: ${message}`);
    if (name === 'connection_lost') this.#fault(`protocol violation by the gateway: ${message}`);
  }

  #fault(text: string): void {
    this.note(`FAULT ${text}`);
    this.#options.onFault(`${this.name}: ${text}`);
  }

  #read(client: Client, reader: Reader): void {
    const { channel, position } = reader;
    const subscription = client.channel<Payload>(channel).subscribe(
      (message) => {
        if (this.#client === client) reader.message(message);
        else this.#fault(`${channel}: received an event after it had closed`);
      },
      {
        ...(position === undefined ? {} : { position }),
        onGap: (gap) => {
          const { from, to, reason } = gap;
          this.note(`${channel}: gap ${from.epoch}/${from.offset} to ${to.epoch}/${to.offset}, ${reason}`);
          reader.gap(gap);
        },
        onState: (state) => {
          if (state === 'live' || state === 'catching-up') reader.position ??= subscription.position;
          this.note(`${channel}: ${state} at ${reader.position?.epoch}/${reader.position?.offset}`);
        },
        onError: (error) => {
          this.note(`${channel}: ${error.name}`);
          if (!EXCUSES.has(error.name))
            this.#fault(`${channel}: the subscription failed, ${error.name}: ${error.message}`);
          // While the engine is down the SDK may end the subscription; then the application
          // subscribes again.
          else if (subscription.state === 'denied' || subscription.state === 'ended') this.#again(client, reader);
        },
      },
    );
    this.#subscriptions.set(reader, subscription);
  }

  #again(client: Client, reader: Reader): void {
    void pause(RETRY).then(() => {
      if (this.#client === client) this.#read(client, reader);
    });
  }

  /** The page is closed; its knowledge is kept. */
  close(): void {
    const client = this.#client;
    this.#client = undefined;
    client?.close();
  }

  /** Retries at once, as a browser does when the network is back. */
  hurry(): void {
    if (this.#client?.state === 'waiting') void this.#client.connect().catch(() => {});
  }

  /** Publishes with one idempotency key until it is acknowledged. */
  async publish(channel: string, data: Payload): Promise<void> {
    this.pending++;
    for (let attempt = 0; ; attempt++) {
      try {
        const client = this.#client;
        if (client !== undefined) {
          const place = await client.channel<Payload>(channel).publish(data, { key: `${data.n}` });
          this.pending--;
          // A publish that the application itself retries has lost its place in the order.
          const lane = attempt === 0 && isSafe(channel) ? this.name : undefined;
          const problem = this.#options.ledger.acknowledged({ ...place, channel, n: data.n }, lane);
          if (problem !== undefined) this.#fault(problem);
          return;
        }
      } catch (error) {
        const name = error instanceof SluiceError ? error.name : String(error);
        if (attempt % 10 === 0) this.note(`publish ${data.n} on ${channel}: ${name}`);
        if (!EXCUSES.has(name)) this.#fault(`publish ${data.n} on ${channel}: ${name}`);
      }
      this.retries++;
      await pause(RETRY);
    }
  }

  /** Why it is not yet in the expected final state; `undefined` if it is. */
  unrest(heads: ReadonlyMap<string, Position>): string | undefined {
    for (const reader of this.readers) {
      const head = heads.get(reader.channel);
      const state = this.#subscriptions.get(reader)?.state;
      const { position } = reader;
      if (state === 'live' && position?.epoch === head?.epoch && position?.offset === head?.offset) continue;
      const stands = `${position?.epoch}/${position?.offset}`;
      return `${this.name} is ${this.#client?.state}, and ${state} on ${reader.channel} at ${stands}; the head is ${head?.epoch}/${head?.offset}`;
    }
    return undefined;
  }

  async end(): Promise<void> {
    this.close();
    await this.network.close();
  }
}

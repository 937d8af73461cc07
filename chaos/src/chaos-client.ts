import { type Client, createClient, SluiceError, type Subscription } from '@sluice/client';
import type { Position } from '@sluice/protocol';
import WebSocket from 'ws';
import { isSafe } from './channels.ts';
import type { Ledger, Payload } from './ledger.ts';
import { Reader } from './reader.ts';
import { Tunnel } from './tunnel.ts';
import { pause } from './until.ts';

/** What an engine or a gateway that is away may answer; everything else is a fault. */
const EXCUSES: ReadonlySet<string> = new Set(['unavailable', 'timed_out', 'closed', 'draining']);
const STORY = 60;
const TIMEOUT = 10_000;
/** Between an answer that the engine is away and the next attempt. */
const RETRY = 250;

export interface ChaosClientOptions {
  readonly name: string;
  readonly token: string;
  readonly channels: readonly string[];
  readonly ledger: Ledger;
  readonly keeps: boolean;
  /** The port of a node, whichever. */
  readonly choose: () => number | undefined;
  readonly nameOf: (port: number) => string;
  readonly onFault: (text: string) => void;
  /** Milliseconds since the run began. */
  readonly clock: () => number;
}

/** One user of the application: an SDK client on a network of its own, that reads, publishes, reloads, and remembers what it lived through. */
export class ChaosClient {
  readonly name: string;
  readonly network: Tunnel;
  readonly readers: readonly Reader[];
  readonly #options: ChaosClientOptions;
  readonly #subscriptions = new Map<Reader, Subscription>();
  readonly #story: string[] = [];
  #url = '';
  #client: Client | undefined;
  /** Publishes that nobody has acknowledged yet. */
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

  /** Remembers what happened to it, for the story of a fault. */
  note(text: string): void {
    this.#story.push(`${(this.#options.clock() / 1000).toFixed(3).padStart(9)} ${text}`);
    if (this.#story.length > STORY) this.#story.shift();
  }

  reads(channel: string): boolean {
    return this.readers.some((reader) => reader.channel === channel);
  }

  get story(): string {
    return this.#story.join('\n');
  }

  async start(): Promise<void> {
    this.#url = `ws://127.0.0.1:${await this.network.listen()}/ws`;
    this.open();
  }

  /** The page is loaded: reads on from where it stood. */
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

  /** Errors of the gateway's own making are faults; losing connections is daily life here. */
  #report({ name, message }: SluiceError): void {
    this.note(`error ${name}: ${message}`);
    if (name === 'connection_lost') this.#fault(`the gateway broke its word: ${message}`);
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
        else this.#fault(`${channel}: heard something after it had closed`);
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
          // Where the engine was away the SDK may give the subscription up: the application asks again.
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

  /** The page is closed; what it knew is kept. */
  close(): void {
    const client = this.#client;
    this.#client = undefined;
    client?.close();
  }

  /** Does not wait any longer for the next attempt, as a browser that hears of a network. */
  hurry(): void {
    if (this.#client?.state === 'waiting') void this.#client.connect().catch(() => {});
  }

  /** Publishes until it is acknowledged, with one key, however often that takes. */
  async publish(channel: string, data: Payload): Promise<void> {
    this.pending++;
    for (let attempt = 0; ; attempt++) {
      try {
        const client = this.#client;
        if (client !== undefined) {
          const place = await client.channel<Payload>(channel).publish(data, { key: `${data.n}` });
          this.pending--;
          // What the application itself tries again has left its place in the row.
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

  /** Why it is not yet where everybody must come to rest; undefined when it is. */
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

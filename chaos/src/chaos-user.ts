import { type Client, createClient, type SluiceError } from '@sluice/client';
import WebSocket from 'ws';
import { Tunnel } from './tunnel.ts';

/** Expected errors while an engine or a gateway is down; every other error is a fault. */
export const EXCUSES: ReadonlySet<string> = new Set(['unavailable', 'timed_out', 'closed', 'draining']);

const LOG_LENGTH = 60;
const TIMEOUT = 10_000;

/** A class of WebSockets, as the SDK uses it. */
export type SocketClass = new (url: string | URL, protocols?: string | string[]) => WebSocket;

export interface ChaosUserOptions {
  readonly name: string;
  readonly token: string;
  /** The port of any node. */
  readonly choose: () => number | undefined;
  readonly nameOf: (port: number) => string;
  readonly onFault: (text: string) => void;
  /** Milliseconds since the run began. */
  readonly clock: () => number;
}

/**
 * One user of the application: an SDK client on a network of its own, which can be closed and opened
 * like a page, and records its events.
 */
export abstract class ChaosUser {
  readonly name: string;
  readonly network: Tunnel;
  readonly #options: ChaosUserOptions;
  readonly #log: string[] = [];
  #url = '';
  #client: Client | undefined;
  connections = 0;

  constructor(options: ChaosUserOptions) {
    this.name = options.name;
    this.#options = options;
    this.network = new Tunnel(options.choose);
    this.network.onConnection = (port) => {
      this.connections++;
      this.note(`connects to ${options.nameOf(port)}`);
    };
  }

  /** Called when the page is loaded: uses the client. */
  protected abstract use(client: Client): void;

  /** The class of its WebSockets. */
  protected get socketClass(): SocketClass {
    return WebSocket;
  }

  /** The open page's client. */
  protected get client(): Client | undefined {
    return this.#client;
  }

  /** Its network is disturbed from now on: the gateway may lose it before it knows. */
  suffers(what: string): void {
    this.note(`suffers: ${what}`);
  }

  /** Records an event for the report of a fault. */
  note(text: string): void {
    this.#log.push(`${(this.#options.clock() / 1000).toFixed(3).padStart(9)} ${text}`);
    if (this.#log.length > LOG_LENGTH) this.#log.shift();
  }

  get log(): string {
    return this.#log.join('\n');
  }

  async start(): Promise<void> {
    this.#url = `ws://127.0.0.1:${await this.network.listen()}/ws`;
    this.open();
  }

  /** The page is loaded. */
  open(): void {
    const { token } = this.#options;
    const client = createClient({ url: this.#url, token, WebSocket: this.socketClass, timeout: TIMEOUT });
    this.#client = client;
    client.on('state', ({ state, error }) =>
      this.note(`is ${state}${error ? `: ${error.name}, ${error.message}` : ''}`),
    );
    client.on('error', (error) => this.#report(error));
    this.use(client);
  }

  /** Errors caused by the gateway are faults; lost connections are expected here. */
  #report({ name, message }: SluiceError): void {
    this.note(`error ${name}: ${message}`);
    if (name === 'connection_lost') this.fault(`protocol violation by the gateway: ${message}`);
  }

  fault(text: string): void {
    this.note(`FAULT ${text}`);
    this.#options.onFault(`${this.name}: ${text}`);
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

  async end(): Promise<void> {
    this.close();
    await this.network.close();
  }
}

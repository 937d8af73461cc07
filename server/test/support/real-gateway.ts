import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import WebSocket from 'ws';
import { type Assembly, assemble, type Parts } from '../../src/assemble.ts';
import type { ConfigInput } from '../../src/config/config.ts';
import { parseConfig } from '../../src/config/schema.ts';
import { Gateway } from '../../src/gateway.ts';
import { ProtocolClient } from './protocol-client.ts';
import { SECRET } from './tokens.ts';

export type Subprotocol = 'sluice.v1.json' | 'sluice.v1.msgpack';

/** A client over a real port. */
export interface RealPeer {
  readonly client: ProtocolClient;
  readonly socket: WebSocket;
}

/** A gateway on a free port of this machine, and its clients. */
export class RealGateway {
  readonly gateway: Gateway;
  readonly services: Assembly['services'];
  readonly cluster: Assembly['cluster'];
  readonly apps: Assembly['apps'];
  readonly #sockets: WebSocket[] = [];
  #url = '';

  constructor(config: ConfigInput, parts: Partial<Parts> = {}) {
    const defaults: ConfigInput = {
      host: '127.0.0.1',
      port: 0,
      keys: [{ secret: SECRET }],
      channels: {
        'chat:{room}': { allow: { '*': 'users' }, history: { count: 10_000, age: '1h' } },
        'news:{topic}': { allow: { subscribe: 'users', publish: 'users' } },
        'user:{id}': { allow: { subscribe: 'owner:{id}' } },
      },
      log: { level: 'silent' },
    };
    const assembly = assemble(parseConfig({ ...defaults, ...config }), parts);
    this.services = assembly.services;
    this.cluster = assembly.cluster;
    this.apps = assembly.apps;
    this.gateway = new Gateway(assembly);
  }

  async start(): Promise<this> {
    const { url } = await this.gateway.start();
    this.#url = url.replace('localhost', '127.0.0.1');
    return this;
  }

  get url(): string {
    return this.#url;
  }

  get port(): number {
    return Number(new URL(this.#url).port);
  }

  /** Opens a WebSocket. `null` offers no subprotocol. A header with several values is sent as several lines. */
  async open(
    subprotocol: Subprotocol | null = 'sluice.v1.json',
    headers: Record<string, string | readonly string[]> = {},
    { path = '/ws' } = {},
  ): Promise<RealPeer> {
    const socket = new WebSocket(
      `${this.#url.replace('http', 'ws')}${path}`,
      subprotocol === null ? [] : [subprotocol],
      {
        headers: headers as Record<string, string>,
      },
    );
    this.#sockets.push(socket);
    const client = new ProtocolClient((frame) => socket.send(frame), { binary: subprotocol === 'sluice.v1.msgpack' });
    socket.on('message', (data: Buffer, isBinary) => client.receive(isBinary ? data : data.toString('utf8')));
    socket.on('close', (code, reason) => client.end({ code, reason: reason.toString('utf8') }));
    await once(socket, 'open');
    socket.on('error', () => {}); // "close" reports it too
    return { client, socket };
  }

  /** Opens a WebSocket and authenticates. */
  async connect(
    token: string,
    subprotocol?: Subprotocol,
    headers?: Record<string, string | readonly string[]>,
  ): Promise<RealPeer> {
    const peer = await this.open(subprotocol, headers);
    await peer.client.result({ type: 'connect', token });
    return peer;
  }

  /** Runs the event loop until the condition holds. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await nextTurn();
  }

  /** Cuts all clients and stops. */
  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.terminate();
    await this.gateway.close();
  }
}

/** Starts a gateway on a free port. */
export function startGateway(config: ConfigInput = {}, parts: Partial<Parts> = {}): Promise<RealGateway> {
  return new RealGateway(config, parts).start();
}

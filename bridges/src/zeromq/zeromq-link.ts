import type { BridgeOptions } from '@sluice/server/bridging';
import type { Dealer, Publisher, Pull, Push, Router, Subscriber } from 'zeromq';
import { textOption } from '../options.ts';

/** The package of the client, loaded. */
export type ZeromqClient = typeof import('zeromq');
export type ZeromqSocket = Dealer | Publisher | Pull | Push | Router | Subscriber;

/** Bytes of a frame that a peer may send. ZeroMQ has no limit of its own, and would keep a frame of any size in memory. */
const LARGEST = 16_777_216;
/** Milliseconds for a connection, and for its handshake. */
const CONNECT = 10_000;
/** Milliseconds for which a closed socket passes on what it has. */
const LINGER = 5_000;
/**
 * The system asks a peer that is silent for 30 seconds whether it is there, and gives it up after three
 * unanswered questions. Heartbeats of ZeroMQ would not do: a socket that is full reads no answers, so
 * they would cut off every peer that waits, and lose what is on its way.
 */
const KEEPALIVE = { tcpKeepalive: 1, tcpKeepaliveIdle: 30, tcpKeepaliveInterval: 10, tcpKeepaliveCount: 3 };
/** Milliseconds. A subscriber is never full, and its publisher reads only subscriptions. */
const HEARTBEATS = { heartbeatInterval: 5_000, heartbeatTimeout: 10_000, heartbeatTimeToLive: 20_000 };

export interface LinkOptions {
  readonly connection: BridgeOptions;
  /** Does the socket subscribe? */
  readonly subscribes?: boolean;
  /** The last peer is gone; called once. */
  readonly onLost: (error: Error) => void;
}

/** A socket that listens at its addresses, or is connected to at least one of them. */
export class ZeromqLink {
  readonly #socket: ZeromqSocket;
  readonly #urls: readonly string[];
  readonly #isBound: boolean;
  /** Connections whose handshake is over. */
  #peers = 0;
  #isClosed = false;

  private constructor(socket: ZeromqSocket, connection: BridgeOptions) {
    this.#socket = socket;
    this.#urls = textOption(connection, 'url')
      .split(',')
      .map((url) => url.trim());
    this.#isBound = connection.bind === true;
  }

  /** Rejects if the addresses cannot be used, or no peer answers. Then the socket is closed. */
  static async open(socket: ZeromqSocket, { connection, subscribes, onLost }: LinkOptions): Promise<ZeromqLink> {
    const link = new ZeromqLink(socket, connection);
    secure(socket, connection);
    const times = { linger: LINGER, connectTimeout: CONNECT, handshakeInterval: CONNECT };
    Object.assign(socket, { maxMessageSize: LARGEST }, times, KEEPALIVE, subscribes === true && HEARTBEATS);
    try {
      if (link.#isBound) for (const url of link.#urls) await socket.bind(url);
      else await link.#connect(onLost);
      return link;
    } catch (error) {
      await link.close();
      throw error;
    }
  }

  #connect(onLost: LinkOptions['onLost']): Promise<void> {
    const { events } = this.#socket;
    return new Promise((resolve, reject) => {
      let failures = 0;
      const failed = () => {
        failures += 1;
        const where = this.#urls.join(', ');
        if (failures >= this.#urls.length && this.#peers === 0) reject(new Error(`no peer answers at ${where}`));
      };
      events.on('handshake', () => {
        this.#peers += 1;
        resolve();
      });
      events.on('disconnect', () => {
        if (this.#peers === 0) return failed();
        this.#peers -= 1;
        if (this.#peers === 0 && !this.#isClosed) onLost(new Error('the peer has closed the connection'));
      });
      events.on('connect:retry', failed);
      events.on('handshake:error:protocol', failed);
      events.on('handshake:error:auth', failed);
      events.on('handshake:error:other', failed);
      for (const url of this.#urls) this.#socket.connect(url);
    });
  }

  /** Frees the addresses. Never rejects. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#isBound) for (const url of this.#urls) await this.#socket.unbind(url).catch(() => {}); // not bound yet
    this.#socket.close();
  }
}

/** CURVE: who listens is the server, and proves that it has the secret of its key. */
function secure(socket: ZeromqSocket, { bind, publicKey, secretKey, serverKey }: BridgeOptions): void {
  if (typeof secretKey !== 'string') return;
  socket.curveSecretKey = secretKey;
  if (typeof publicKey === 'string') socket.curvePublicKey = publicKey;
  if (bind === true) socket.curveServer = true;
  else if (typeof serverKey === 'string') socket.curveServerKey = serverKey;
}

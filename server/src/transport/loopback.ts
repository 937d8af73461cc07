import { BATCH_LIMIT } from './batch-limit.ts';
import type { Acceptor, Admission, Handshake } from './connection.ts';
import type { HttpReply, HttpSide, RequestHead } from './http.ts';
import { LoopbackClient } from './loopback-client.ts';
import { LoopbackSocket } from './loopback-socket.ts';
import { LoopbackStream } from './loopback-stream.ts';
import type { Transport } from './transport.ts';
import { UwsConnection } from './uws-connection.ts';

const LOCAL = '127.0.0.1';

export interface LoopbackOptions {
  /** Maximum bytes in a native buffer before frames are refused. */
  readonly limit: number;
}

type Admitted = Extract<Admission, { ok: true }>;

type RequestInput = Partial<Omit<RequestHead, 'headers' | 'query'>> & {
  readonly headers?: Readonly<Record<string, string>>;
  readonly query?: string;
  readonly body?: unknown;
};

/**
 * A transport in memory, to test whole gateways without a port and without waiting. Its sockets
 * lose, refuse and throw as the native ones do, and the same `UwsConnection` uses them. Nothing
 * moves until the test calls `step`.
 */
export class LoopbackTransport implements Transport {
  readonly batchLimit = BATCH_LIMIT;
  readonly #limit: number;
  readonly #sockets = new Set<LoopbackSocket>();
  #acceptor: Acceptor | undefined;
  #side: HttpSide | undefined;
  #count = 0;

  constructor({ limit }: LoopbackOptions) {
    this.#limit = limit;
  }

  async listen(acceptor: Acceptor, side: HttpSide): Promise<number> {
    this.open(acceptor);
    this.#side = side;
    return 0;
  }

  /** As `listen`, for tests without an HTTP side. */
  open(acceptor: Acceptor): void {
    this.#acceptor = acceptor;
  }

  stopListening(): void {
    this.#acceptor = undefined;
  }

  close(): void {
    this.stopListening();
    for (const socket of [...this.#sockets]) socket.close();
  }

  /** The open sockets. */
  get size(): number {
    return this.#sockets.size;
  }

  publish(topic: string, published: string | Uint8Array, binary: boolean): void {
    const frame = typeof published === 'string' ? Buffer.from(published) : published;
    for (const socket of this.#sockets) {
      if (!socket.topics.has(topic)) continue;
      if (frame.byteLength >= BATCH_LIMIT) socket.send(frame, binary);
      else socket.collect(frame, binary);
    }
  }

  /** The loop's next step: publishes reach the sockets. */
  step(): void {
    for (const socket of [...this.#sockets]) socket.flush();
  }

  /**
   * Opens a WebSocket.
   *
   * @throws Error with the gateway's message if the handshake is refused over HTTP
   */
  connect(handshake: Partial<Handshake> = {}): LoopbackClient {
    const admission = this.knock(handshake);
    if ('closeFrame' in admission) {
      const { code, reason } = admission.closeFrame;
      const client = new LoopbackClient(admission.protocol === 'sluice.v1.msgpack');
      client.ended(code, reason);
      return client;
    }
    if (!admission.ok) throw new Error(`${admission.status} ${admission.body}`);
    return this.#open(admission, handshake.address ?? LOCAL);
  }

  /** A handshake only. */
  knock(handshake: Partial<Handshake> = {}): Admission {
    if (this.#acceptor === undefined) throw new Error('the transport does not listen');
    return this.#acceptor.admit({
      address: LOCAL,
      host: 'gateway.test',
      origin: '',
      protocols: [],
      path: '/ws',
      query: new URLSearchParams(),
      ...handshake,
    });
  }

  #open({ protocol, choice }: Admitted, address: string): LoopbackClient {
    const client = new LoopbackClient(protocol === 'sluice.v1.msgpack');
    const socket = new LoopbackSocket(
      { id: `c${++this.#count}`, protocol, address },
      { limit: this.#limit, reader: client },
    );
    const connection = new UwsConnection(socket, this.#limit);
    client.attach(socket);
    this.#sockets.add(socket);
    socket.watch(connection, () => this.#sockets.delete(socket));
    const listener = this.#acceptor?.open(connection, choice);
    if (listener !== undefined) connection.listen(listener);
    return client;
  }

  /** Sends a request whose response is a stream, unless it is refused. */
  async stream(input: RequestInput): Promise<LoopbackStream> {
    return new LoopbackStream(await this.request(input));
  }

  /** Sends a request to the HTTP side. A body that is neither text nor bytes is sent as JSON. */
  async request({ headers = {}, query = '', body = '', ...rest }: RequestInput): Promise<HttpReply> {
    if (this.#side === undefined) throw new Error('the transport does not listen');
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const bytes = body instanceof Uint8Array ? body : Buffer.from(text);
    return this.#side.handle({
      method: 'GET',
      path: '/',
      address: LOCAL,
      bodyLength: bytes.byteLength,
      ...rest,
      query: new URLSearchParams(query),
      headers: new Map(Object.entries(headers)),
      readBody: async () => bytes,
    });
  }
}

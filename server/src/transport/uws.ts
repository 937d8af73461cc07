import type { HttpRequest, HttpResponse, TemplatedApp, us_listen_socket, us_socket_context_t } from 'uWebSockets.js';
import { ByteBudget } from '../util/byte-budget.ts';
import { describePortOwner } from '../util/port-owner.ts';
import { TurnCount } from '../util/turn-count.ts';
import { BATCH_LIMIT } from './batch-limit.ts';
import type { Acceptor } from './connection.ts';
import { ControlFrames } from './control-frames.ts';
import { forwardedHosts } from './forwarded-host.ts';
import { type HttpSide, later, type RequestHead } from './http.ts';
import { loadUws, type UwsModule } from './load-uws.ts';
import { NodeHttp } from './node-http.ts';
import { RefusedSockets } from './refused-sockets.ts';
import { listOf, readHead } from './request-head.ts';
import { RequestQueue } from './request-queue.ts';
import type { Transport } from './transport.ts';
import { UnauthenticatedPeers } from './unauthenticated-peers.ts';
import { type SocketData, UwsConnection } from './uws-connection.ts';
import { type ExchangeParts, UwsExchange } from './uws-exchange.ts';

export interface UwsOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** A second port, for HTTP only. */
  readonly httpPort?: number | undefined;
  /** Maximum bytes of a frame. */
  readonly maxFrame: number;
  /** Maximum bytes buffered per connection. */
  readonly outbound: number;
  /** Maximum bytes in memory of all unauthenticated peers and all bodies of requests. */
  readonly unauthenticated: number;
  /** Milliseconds without a sign of life after which a connection counts as dead. */
  readonly idle: number;
  /** Is the last entry of `X-Forwarded-For` the client's address? */
  readonly trustProxy: boolean;
  /** Do other processes of this gateway listen on the same port? */
  readonly shared?: boolean;
  /** Limits the refused WebSockets that are held until their peers close. */
  readonly refusedSockets?: { readonly most: number } | undefined;
  /** Names a new connection, by the headers of its handshake if necessary. */
  readonly nextId: (header: (name: string) => string) => string;
}

/** `LIBUS_LISTEN_…`: the typings name them in an enum that does not exist at run time. */
const SHARED_PORT = 0;
const EXCLUSIVE_PORT = 1;

/**
 * A frame that exceeds the limit by this much is read, so that it can be refused with a reason. An
 * unauthenticated peer may send this much more.
 */
const margin = (maxFrame: number): number => Math.max(4_096, maxFrame >> 3);

/** WebSockets and HTTP on one port, by uWebSockets.js. */
export class UwsTransport implements Transport {
  readonly batchLimit = BATCH_LIMIT;
  readonly #options: UwsOptions;
  readonly #unauthenticated: UnauthenticatedPeers;
  readonly #parts: ExchangeParts;
  readonly #refusedSockets: RefusedSockets;
  #uws: UwsModule | undefined;
  #app: TemplatedApp | undefined;
  #listening: us_listen_socket | undefined;
  #http: NodeHttp | undefined;
  #failed: NonNullable<Acceptor['failed']> = rethrow;
  /** The second port, if configured. */
  httpPort: number | undefined;

  constructor(options: UwsOptions) {
    const { maxFrame, unauthenticated } = options;
    this.#options = options;
    // Bodies with an API key may use the whole budget, and a quarter is reserved for them; another
    // quarter is never used by frames.
    const known = new ByteBudget(unauthenticated);
    const claimed = new ByteBudget((unauthenticated / 4) * 3, known);
    const most = maxFrame + margin(maxFrame);
    this.#refusedSockets = new RefusedSockets({ monotonic: () => performance.now(), ...options.refusedSockets });
    this.#unauthenticated = new UnauthenticatedPeers({
      budget: new ByteBudget(unauthenticated / 2, claimed),
      each: most,
      unseen: most,
      memory: process.memoryUsage.rss,
      every,
    });
    this.#parts = {
      queue: new RequestQueue(),
      bodies: { known, claimed, pieces: new TurnCount() },
      random: Math.random,
      failed: (error) => this.#failed('an answer over HTTP', error),
    };
  }

  async listen(acceptor: Acceptor, side: HttpSide): Promise<number> {
    this.#uws = await loadUws();
    this.#failed = acceptor.failed ?? rethrow;
    const { host, port, shared = false } = this.#options;
    this.#app = this.#uws.App();
    if (acceptor.arrived !== undefined) this.#app.filter(cutUnwelcome(acceptor));
    for (const path of acceptor.paths) this.#routeSockets(this.#app, path, { acceptor, side });
    this.#app.any('/*', (response, request) => this.#serve(response, this.#read(response, request), side));
    this.#listening = await bind(this.#app, { host, port, shared });
    await this.#listenHttp(acceptor, side);
    return this.#uws.us_socket_local_port(this.#listening);
  }

  async #listenHttp(acceptor: Acceptor, side: HttpSide): Promise<void> {
    const { host, httpPort, trustProxy } = this.#options;
    if (httpPort === undefined) return;
    const { bodies } = this.#parts;
    const arrived = acceptor.arrived?.bind(acceptor);
    const rejected = acceptor.rejected?.bind(acceptor);
    const failed = this.#failed;
    this.#http = new NodeHttp({ host, port: httpPort, trustProxy, bodies, arrived, rejected, failed });
    this.httpPort = await this.#http.listen(side);
  }

  #routeSockets(app: TemplatedApp, path: string, { acceptor, side }: Sides): void {
    const { maxFrame, outbound, idle } = this.#options;
    const controls = new ControlFrames<UwsConnection>();
    const control = ({ connection }: SocketData): void => {
      if (connection !== undefined && !controls.take(connection)) connection.flooded();
    };
    app.ws<SocketData>(path, {
      maxPayloadLength: maxFrame + margin(maxFrame),
      maxBackpressure: outbound / 2,
      closeOnBackpressureLimit: false, // it would close with 1006 and no reason; the gateway's own policy decides
      idleTimeout: Math.min(960, Math.max(8, Math.ceil(idle / 1000))),
      sendPingsAutomatically: true,
      upgrade: (response, request, context) => this.#upgrade({ response, request, context, acceptor, side }),
      open: (socket) => {
        const data = socket.getUserData();
        const { closeFrame, choice } = data;
        if (closeFrame !== undefined) {
          if (this.#refusedSockets.admit()) socket.end(closeFrame.code, closeFrame.reason);
          else socket.close();
          return;
        }
        const connection = new UwsConnection(socket, outbound / 2, this.#unauthenticated);
        data.connection = connection;
        data.choice = undefined;
        connection.listen(acceptor.open(connection, choice));
      },
      message: (socket, data, isBinary) => {
        const bytes = Buffer.from(data);
        socket.getUserData().connection?.frame(isBinary ? bytes : bytes.toString('utf8'), bytes.byteLength);
      },
      dropped: (socket) => socket.getUserData().connection?.dropped(),
      drain: (socket) => socket.getUserData().connection?.drained(),
      ping: (socket) => control(socket.getUserData()),
      pong: (socket) => control(socket.getUserData()),
      close: (socket, code, reason) =>
        socket.getUserData().connection?.closed(code, Buffer.from(reason).toString('utf8')),
    });
  }

  #read(response: HttpResponse, request: HttpRequest): RequestHead {
    const lines: string[] = [];
    request.forEach((name, value) => {
      lines.push(name, value);
    });
    return readHead(
      {
        method: request.getCaseSensitiveMethod().toUpperCase(),
        path: request.getUrl(),
        query: request.getQuery(),
        lines,
        peer: Buffer.from(response.getRemoteAddressAsText()).toString('latin1'),
      },
      this.#options.trustProxy,
    );
  }

  #serve(response: HttpResponse, head: RequestHead, side: HttpSide): void {
    new UwsExchange(response, head, this.#parts, side).carryOut(side);
  }

  #upgrade({ response, request, context, acceptor, side }: Upgrade): void {
    const head = this.#read(response, request);
    const { headers, address } = head;
    const fault = head.fault ?? (head.bodyLength > 0 ? 'a WebSocket handshake has no body' : undefined);
    if (fault !== undefined) {
      this.#serve(response, { ...head, fault }, side);
      return;
    }
    const admission = acceptor.admit({
      address,
      forwardedHosts: this.#options.trustProxy ? forwardedHosts((name) => headers.get(name)) : [],
      host: headers.get('host') ?? '',
      origin: headers.get('origin') ?? '',
      protocols: listOf(headers.get('sec-websocket-protocol')),
      path: head.path,
      query: head.query,
    });
    if (!admission.ok && !('closeFrame' in admission)) {
      const { status, body, retryAfter } = admission;
      const reply = {
        status,
        body,
        headers: { 'Content-Type': 'application/json; charset=utf-8', ...later(retryAfter) },
      };
      new UwsExchange(response, head, this.#parts).answer(reply, { close: true });
      return;
    }
    const id = this.#options.nextId((name) => headers.get(name) ?? '');
    // All fields at once: an object that grows later takes more memory.
    const data: SocketData = {
      id,
      protocol: admission.protocol,
      address,
      closeFrame: admission.ok ? undefined : admission.closeFrame,
      choice: admission.ok ? admission.choice : undefined,
      connection: undefined,
    };
    const key = request.getHeader('sec-websocket-key');
    response.upgrade(data, key, admission.protocol, request.getHeader('sec-websocket-extensions'), context);
  }

  get refused(): number {
    return this.#refusedSockets.size;
  }

  publish(topic: string, frame: string | Uint8Array, binary: boolean): void {
    this.#app?.publish(topic, frame, binary);
  }

  stopListening(): void {
    if (this.#listening !== undefined) this.#uws?.us_listen_socket_close(this.#listening);
    this.#listening = undefined;
    this.#http?.stopListening();
  }

  close(): void {
    this.stopListening();
    this.#app?.close();
    this.#app = undefined;
    this.#http?.close();
    this.#unauthenticated.close();
  }
}

function rethrow(_where: string, error: unknown): never {
  throw error;
}

interface Sides {
  readonly acceptor: Acceptor;
  readonly side: HttpSide;
}

interface Upgrade extends Sides {
  readonly response: HttpResponse;
  readonly request: HttpRequest;
  readonly context: us_socket_context_t;
}

/**
 * Closes TCP connections that are not accepted before anything is read. Called when a connection
 * opens (1) and when it closes (-1).
 */
const cutUnwelcome =
  (acceptor: Acceptor) =>
  (response: HttpResponse, change: number | object): void => {
    if (Number(change) > 0 && acceptor.arrived?.() === false) response.close();
  };

function every(interval: number, task: () => void): () => void {
  const timer = setInterval(task, interval);
  timer.unref();
  return () => clearInterval(timer);
}

interface Binding {
  readonly host: string;
  readonly port: number;
  readonly shared: boolean;
}

function bind(app: TemplatedApp, { host, port, shared }: Binding): Promise<us_listen_socket> {
  return new Promise((resolve, reject) => {
    // Exclusively, unless this is one of several workers: by default Linux would let a second
    // gateway share the port unnoticed.
    app.listen(host, port, shared ? SHARED_PORT : EXCLUSIVE_PORT, (socket) => {
      if (socket !== false) resolve(socket);
      else reject(new Error(`cannot listen on ${host}:${port}: ${describePortOwner(port)}, or choose another "port"`));
    });
  });
}

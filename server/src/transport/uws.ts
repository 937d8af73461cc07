import type { HttpRequest, HttpResponse, TemplatedApp, us_listen_socket, us_socket_context_t } from 'uWebSockets.js';
import { clientAddress } from './client-address.ts';
import type { Acceptor } from './connection.ts';
import { MAX_BODY, type Reply, type Request, type RequestHandler, statusLine } from './http.ts';
import { loadUws, type UwsModule } from './load-uws.ts';
import type { Transport } from './transport.ts';
import { type SocketData, UwsConnection } from './uws-connection.ts';

export interface UwsOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Where WebSockets are opened. */
  readonly path: string;
  /** Largest frame that is taken, in bytes. */
  readonly maxFrame: number;
  /** Bytes that may wait for one connection's reader. */
  readonly outbound: number;
  /** Milliseconds without a sign of life after which a connection counts as dead. */
  readonly idle: number;
  /** Is the last entry of `X-Forwarded-For` the client's address? */
  readonly trustProxy: boolean;
  /** Do other processes of ours listen on the same port? */
  readonly shared?: boolean;
  /** Names a new connection, by the headers of its handshake if need be. */
  readonly nextId: (header: (name: string) => string) => string;
}

/** `LIBUS_LISTEN_…`, which the typings name in an enum that does not exist at run time. */
const SHARED_PORT = 0;
const EXCLUSIVE_PORT = 1;

const FORWARDED = 'x-forwarded-for';

/** A frame up to this many times the limit is read, so that it can be refused with a reason. */
const HEADROOM = 4;

/** WebSockets and HTTP on one port, by uWebSockets.js. */
export class UwsTransport implements Transport {
  readonly #options: UwsOptions;
  #uws: UwsModule | undefined;
  #app: TemplatedApp | undefined;
  #listening: us_listen_socket | undefined;

  constructor(options: UwsOptions) {
    this.#options = options;
  }

  async listen(acceptor: Acceptor, handler: RequestHandler): Promise<number> {
    this.#uws = await loadUws();
    const { host, port, path, trustProxy, shared = false } = this.#options;
    this.#app = this.#uws.App();
    this.#routeSockets(this.#app, path, acceptor);
    this.#app.any('/*', (response, request) => serve(response, request, { handler, trustProxy }));
    this.#listening = await bind(this.#app, { host, port, shared });
    return this.#uws.us_socket_local_port(this.#listening);
  }

  #routeSockets(app: TemplatedApp, path: string, acceptor: Acceptor): void {
    const { maxFrame, outbound, idle } = this.#options;
    app.ws<SocketData>(path, {
      maxPayloadLength: maxFrame * HEADROOM,
      maxBackpressure: outbound / 2,
      closeOnBackpressureLimit: false, // it would close with 1006 and no reason; our own policy decides
      idleTimeout: Math.min(960, Math.max(8, Math.ceil(idle / 1000))),
      sendPingsAutomatically: true,
      upgrade: (response, request, context) => this.#upgrade({ response, request, context, acceptor }),
      open: (socket) => {
        const { goodbye } = socket.getUserData();
        if (goodbye !== undefined) {
          socket.end(goodbye.code, goodbye.reason);
          return;
        }
        const connection = new UwsConnection(socket, outbound / 2);
        socket.getUserData().connection = connection;
        connection.listen(acceptor.open(connection));
      },
      message: (socket, data, isBinary) => {
        const bytes = Buffer.from(data);
        socket.getUserData().connection?.frame(isBinary ? bytes : bytes.toString('utf8'), bytes.byteLength);
      },
      dropped: (socket) => socket.getUserData().connection?.dropped(),
      drain: (socket) => socket.getUserData().connection?.drained(),
      close: (socket, code, reason) =>
        socket.getUserData().connection?.closed(code, Buffer.from(reason).toString('utf8')),
    });
  }

  #upgrade({ response, request, context, acceptor }: Upgrade): void {
    const offered = request.getHeader('sec-websocket-protocol');
    const peer = addressOf(response);
    const address = this.#options.trustProxy ? clientAddress(readHeaders(request).get(FORWARDED), peer) : peer;
    const admission = acceptor.admit({
      address,
      host: request.getHeader('host'),
      origin: request.getHeader('origin'),
      protocols: offered === '' ? [] : offered.split(',').map((name) => name.trim()),
    });
    if (!admission.ok && !('goodbye' in admission)) {
      const { status, body } = admission;
      write(response, { status, body, headers: { 'Content-Type': 'application/json' } });
      return;
    }
    const data: SocketData = {
      id: this.#options.nextId((name) => request.getHeader(name)),
      protocol: admission.protocol,
      address,
      ...(admission.ok ? {} : { goodbye: admission.goodbye }),
    };
    const key = request.getHeader('sec-websocket-key');
    response.upgrade(data, key, admission.protocol, request.getHeader('sec-websocket-extensions'), context);
  }

  publish(topic: string, frame: string | Uint8Array, binary: boolean): void {
    this.#app?.publish(topic, frame, binary);
  }

  stopListening(): void {
    if (this.#listening !== undefined) this.#uws?.us_listen_socket_close(this.#listening);
    this.#listening = undefined;
  }

  close(): void {
    this.stopListening();
    this.#app?.close();
    this.#app = undefined;
  }
}

interface Upgrade {
  readonly response: HttpResponse;
  readonly request: HttpRequest;
  readonly context: us_socket_context_t;
  readonly acceptor: Acceptor;
}

interface Binding {
  readonly host: string;
  readonly port: number;
  readonly shared: boolean;
}

function bind(app: TemplatedApp, { host, port, shared }: Binding): Promise<us_listen_socket> {
  return new Promise((resolve, reject) => {
    // Exclusively, unless we are one of several workers: by default Linux would let a second gateway share the port unnoticed.
    app.listen(host, port, shared ? SHARED_PORT : EXCLUSIVE_PORT, (socket) => {
      if (socket !== false) resolve(socket);
      else
        reject(
          new Error(`cannot listen on ${host}:${port}: the port is taken or may not be used; choose another "port"`),
        );
    });
  });
}

function serve(
  response: HttpResponse,
  request: HttpRequest,
  { handler, trustProxy }: { handler: RequestHandler; trustProxy: boolean },
): void {
  let gone = false;
  response.onAborted(() => {
    gone = true;
  });
  const headers = readHeaders(request);
  const peer = addressOf(response);
  const head = {
    method: request.getCaseSensitiveMethod().toUpperCase(),
    path: request.getUrl(),
    query: new URLSearchParams(request.getQuery()),
    headers,
    address: trustProxy ? clientAddress(headers.get(FORWARDED), peer) : peer,
  };
  const answer = (reply: Reply): void => {
    if (!gone) response.cork(() => write(response, reply, head.method === 'HEAD'));
  };
  collectBody(response, (body) => {
    void Promise.resolve(handler({ ...head, body } satisfies Request)).then(answer);
  });
}

const addressOf = (response: HttpResponse): string => Buffer.from(response.getRemoteAddressAsText()).toString('latin1');

/** By lower-case name; of a header with several lines, the last one. */
function readHeaders(request: HttpRequest): Map<string, string> {
  const headers = new Map<string, string>();
  request.forEach((name, value) => {
    headers.set(name, value);
  });
  return headers;
}

/** Gathers the body; `null` when it is too large. */
function collectBody(response: HttpResponse, done: (body: Uint8Array | null) => void): void {
  const chunks: Buffer[] = [];
  let size = 0;
  response.onData((chunk, isLast) => {
    size += chunk.byteLength;
    if (size <= MAX_BODY) chunks.push(Buffer.from(Buffer.from(chunk))); // a copy: the chunk is only valid in this call
    if (isLast) done(size <= MAX_BODY ? Buffer.concat(chunks) : null);
  });
}

function write(response: HttpResponse, { status, headers = {}, body = '' }: Reply, headOnly = false): void {
  response.writeStatus(statusLine(status));
  for (const [name, value] of Object.entries(headers)) response.writeHeader(name, value);
  if (headOnly) {
    // Given the length, endWithoutBody would wait for that many bytes, and the connection's next request with it.
    response.writeHeader('Content-Length', String(Buffer.byteLength(body)));
    response.endWithoutBody();
  } else response.end(body);
}

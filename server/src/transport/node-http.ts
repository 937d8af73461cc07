import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { parseUrl } from '../util/parse-url.ts';
import { describePortOwner } from '../util/port-owner.ts';
import {
  type Body,
  type HttpReply,
  type HttpSide,
  type HttpStream,
  hasBody,
  type RequestHead,
  type StreamBody,
} from './http.ts';
import { type BodyBudgets, IncomingBody } from './incoming-body.ts';
import { mustClose, type RawHead, readHead } from './request-head.ts';
import { refuseUnreadable, unreadable } from './unreadable-request.ts';

/**
 * Milliseconds for which a connection may be idle: longer than a load balancer keeps it (60 s is
 * common).
 */
const IDLE = 75_000;

/**
 * Milliseconds without a byte in either direction after which a connection with a running request
 * is closed: its client does not read the response.
 */
const STALLED = 30_000;
/** Maximum connections: they are for backends and probes, not for users. */
const MOST_CONNECTIONS = 1_024;

const SERVER_OPTIONS = {
  maxHeaderSize: 20_480,
  headersTimeout: 10_000,
  requestTimeout: 20_000,
  connectionsCheckingInterval: 5_000,
  keepAliveTimeout: IDLE,
};

export interface NodeHttpOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly trustProxy: boolean;
  readonly bodies: BodyBudgets;
  /** A connection was opened. Returns whether it is accepted. */
  readonly arrived?: (() => boolean) | undefined;
  readonly failed: (where: string, error: unknown) => void;
  /** A request could not be parsed, and was refused. */
  readonly rejected?: ((address: string, detail: string) => void) | undefined;
  /** Default: the one of `node:http`. */
  readonly create?: typeof createServer;
}

/**
 * The HTTP side on a port of its own, by Node's own server. It supports what uWebSockets.js does
 * not: HTTP/1.0, absolute URLs in requests, and long idle connections. It has no WebSockets, and is
 * slower.
 */
export class NodeHttp {
  readonly #options: NodeHttpOptions;
  /** Unfinished responses, by connection. */
  readonly #busy = new WeakMap<object, ServerResponse>();
  #server: Server | undefined;

  constructor(options: NodeHttpOptions) {
    this.#options = options;
  }

  /**
   * @returns the opened port
   * @throws if the port is in use
   */
  async listen(side: HttpSide): Promise<number> {
    const { host, port, failed, arrived, create = createServer } = this.#options;
    const server = create(SERVER_OPTIONS);
    server.timeout = STALLED;
    server.maxConnections = MOST_CONNECTIONS;
    server.on('connection', (socket) => {
      if (arrived?.() === false) socket.destroy();
    });
    server.on('clientError', (error, socket) => this.#refuse(error, socket as Socket));
    server.on('request', (request, response) => this.#serve(request, response, side));
    server.on('checkContinue', (request, response) => this.#serve(request, response, side));
    await new Promise<void>((resolve, reject) => {
      server.once('error', (cause) => {
        const why = `${describePortOwner(port)}, or choose another "httpPort"`;
        reject(new Error(`cannot listen on ${host}:${port}: ${why}`, { cause }));
      });
      server.listen({ host, port, exclusive: true }, resolve);
    });
    server.removeAllListeners('error').on('error', (error) => failed('the HTTP port', error));
    this.#server = server;
    return (server.address() as AddressInfo).port;
  }

  stopListening(): void {
    this.#server?.close();
    this.#server?.closeIdleConnections();
  }

  close(): void {
    this.stopListening();
    this.#server?.closeAllConnections();
    this.#server = undefined;
  }

  #refuse(error: Error, socket: Socket): void {
    const reason = unreadable(error);
    if (reason !== null) {
      if (this.#busy.get(socket)?.headersSent !== true) refuseUnreadable(socket, reason);
      this.#options.rejected?.(socket.remoteAddress ?? '', reason.detail);
    }
    socket.destroy();
  }

  #serve(request: IncomingMessage, response: ServerResponse, side: HttpSide): void {
    const { socket } = request;
    if (this.#busy.has(socket)) {
      socket.destroy(); // it did not wait for the response before
      return;
    }
    this.#busy.set(socket, response);
    response.on('close', () => this.#busy.delete(socket));
    const head = readHead(rawHead(request), this.#options.trustProxy);
    new NodeExchange(request, response, head).carryOut(side, this.#options.bodies).catch((error: unknown) => {
      this.#options.failed('an answer over HTTP', error);
      socket.destroy();
    });
  }
}

/** One request and its response. */
class NodeExchange {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #head: RequestHead;
  #unread: boolean;

  constructor(request: IncomingMessage, response: ServerResponse, head: RequestHead) {
    this.#request = request;
    this.#response = response;
    this.#head = head;
    this.#unread = head.bodyLength > 0;
  }

  async carryOut(side: HttpSide, { pieces, ...budgets }: BodyBudgets): Promise<void> {
    const budget = budgets[(this.#unread ? side.wantsBody(this.#head) : null) ?? 'claimed'];
    const body = new IncomingBody({ budget, pieces });
    try {
      this.#answer(
        await side.handle({
          ...this.#head,
          readBody: () => this.#read(body),
          onDisconnect: (listener) => this.#watch(listener),
        }),
      );
    } finally {
      body.release();
    }
  }

  #watch(listener: () => void): void {
    const response = this.#response;
    if (response.destroyed) listener();
    else response.once('close', () => response.headersSent || listener());
  }

  async #read(body: IncomingBody): Promise<Body> {
    if (!this.#unread) return new Uint8Array();
    if (this.#request.headers.expect !== undefined) this.#response.writeContinue();
    this.#request.on('data', (piece: Buffer) => {
      body.add(piece);
      if (body.settled) this.#request.pause();
    });
    this.#request.on('end', () => body.end());
    this.#response.on('close', () => body.cut());
    const read = await body.read();
    this.#unread = typeof read === 'string';
    return read;
  }

  #answer({ status, headers = {}, body = '', stream }: HttpReply): void {
    const response = this.#response;
    if (stream !== undefined && !response.destroyed && this.#head.method !== 'HEAD') {
      try {
        response.writeHead(status, headers);
        new NodeStream(response, stream);
      } catch (error) {
        stream.abandon(); // otherwise nothing would end its session
        throw error;
      }
      return;
    }
    stream?.abandon();
    if (response.destroyed) return;
    const bytes = typeof body === 'string' ? Buffer.from(body) : body;
    const length = hasBody(status) || bytes.byteLength > 0 ? { 'Content-Length': String(bytes.byteLength) } : {};
    const close = this.#unread || mustClose(this.#head) ? { Connection: 'close' } : {};
    response.writeHead(status, { ...headers, ...length, ...close });
    response.end(hasBody(status) ? bytes : undefined);
  }
}

/** A streaming response. */
class NodeStream implements HttpStream {
  readonly #response: ServerResponse;

  constructor(response: ServerResponse, body: StreamBody) {
    this.#response = response;
    response.socket?.setTimeout(0); // silence is normal here; a reader that does not read is not
    const listener = body.open(this);
    response.on('drain', () => {
      response.socket?.setTimeout(0);
      listener.drained();
    });
    response.on('close', () => {
      if (!response.writableEnded) listener.closed();
    });
  }

  write(bytes: string | Uint8Array): boolean {
    if (this.#response.destroyed || this.#response.writableEnded) return false;
    const keepsUp = this.#response.write(bytes);
    if (!keepsUp) this.#response.socket?.setTimeout(STALLED);
    return keepsUp;
  }

  end(): void {
    this.#response.end();
  }
}

/** In a request with an absolute URL, its host counts. RFC 9112 section 3.2.2. */
function rawHead({ method = '', url = '/', rawHeaders, socket }: IncomingMessage): RawHead {
  const absolute = /^https?:\/\//i.test(url) ? parseUrl(url) : null;
  const target = absolute === null ? url : `${absolute.pathname}${absolute.search}`;
  const query = target.indexOf('?');
  return {
    method: method.toUpperCase(),
    path: query === -1 ? target : target.slice(0, query),
    query: query === -1 ? '' : target.slice(query + 1),
    lines: (absolute === null ? linesOf(rawHeaders) : withHost(linesOf(rawHeaders), absolute.host)).flat(),
    peer: socket.remoteAddress ?? '',
  };
}

function linesOf(rawHeaders: readonly string[]): (readonly [string, string])[] {
  return Array.from({ length: rawHeaders.length / 2 }, (_, at) => [
    (rawHeaders[2 * at] ?? '').toLowerCase(),
    rawHeaders[2 * at + 1] ?? '',
  ]);
}

const withHost = (lines: readonly (readonly [string, string])[], host: string): (readonly [string, string])[] => [
  ...lines.filter(([name]) => name !== 'host'),
  ['host', host],
];

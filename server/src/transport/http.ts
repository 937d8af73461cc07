import { STATUS_CODES } from 'node:http';

/** The head of a request. */
export interface RequestHead {
  /** Upper case. */
  readonly method: string;
  /** Path without the query, as it was sent (percent-encoded). */
  readonly path: string;
  /** What precedes the path in the URL: the path of an app. Absent: nothing does. */
  readonly base?: string;
  readonly query: URLSearchParams;
  /** By lower-case name. Several lines of one name are joined by `, `. RFC 9110 section 5.3. */
  readonly headers: ReadonlyMap<string, string>;
  readonly address: string;
  /** Bytes of the body; 0: there is none; infinity: unknown until its end. */
  readonly bodyLength: number;
  /** Why this request must be refused, for example two lengths. RFC 9112 section 6.3. */
  readonly fault?: string | undefined;
}

/** A request to the gateway's HTTP side. */
export interface Request extends RequestHead {
  /** Reads the body. It is not read before this call, so authenticate the caller first. */
  readBody(): Promise<Body>;
  /**
   * Calls once if the client disconnects before it was answered, at once if it has already. One
   * listener only. Absent: the transport cannot tell.
   */
  onDisconnect?(listener: () => void): void;
}

/** Why a body was not read to its end. */
export type BodyFault = 'too_large' | 'too_many_pieces' | 'no_room' | 'cut_off';

export type Body = Uint8Array | BodyFault;

export interface HttpReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** A streaming body, which continues until either side ends it. */
  readonly stream?: StreamBody;
}

/**
 * The receiver of a streaming response. Exactly one of its methods is called, once; `abandon` also
 * follows if `open` throws.
 */
export interface StreamBody {
  /** Bytes without a meaning to the reader. A transport that needs data to make progress writes them. */
  readonly filler: string;
  /** Does it end by itself? A gateway that stops waits for its end. */
  readonly ends?: boolean;
  /** The head of the response was written. */
  open(stream: HttpStream): StreamListener;
  /** There is no stream: the client has disconnected before the response, wants only the head, or `open` threw. */
  abandon(): void;
}

/** A streaming response. After its end its methods do nothing. */
export interface HttpStream {
  /**
   * Sends bytes, and returns whether the reader keeps up. If not, the next bytes should wait for
   * `drained`.
   */
  write(bytes: string | Uint8Array): boolean;
  /** Ends the response after the bytes sent before. */
  end(): void;
}

/** The events of a stream. */
export interface StreamListener {
  /** The reader has caught up. */
  drained(): void;
  /** The client has disconnected. Not called after `end`. */
  closed(): void;
}

/**
 * The sender of a body, judged by the head alone: the owner of an API key, or a client with
 * something in the form of a token.
 */
export type Sender = 'known' | 'claimed';

/** The gateway's HTTP side. */
export interface HttpSide {
  /** Decides by the head alone whether the body may be read. `null`: it is never stored. */
  wantsBody(head: RequestHead): Sender | null;
  handle(request: Request): HttpReply | Promise<HttpReply>;
}

/** Maximum bytes of a body. */
export const MAX_BODY = 1_048_576;

/**
 * Seconds for which a connection may be idle between two requests, as announced to clients.
 * uWebSockets.js closes it after 8 to 12 s, and has no option for it.
 */
export const KEEP_ALIVE = 7;

/** The text of the status line, such as `404 Not Found`. */
export function statusLine(status: number): string {
  return `${status} ${STATUS_CODES[status] ?? 'Unknown'}`;
}

/** The header for a request that may be repeated after some milliseconds. It is in seconds: RFC 9110 section 10.2.3. */
export const later = (retryAfter: number | undefined): Readonly<Record<string, string>> =>
  retryAfter === undefined ? {} : { 'Retry-After': String(Math.ceil(retryAfter / 1000)) };

/** A reply whose body is JSON. */
export function jsonReply(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): HttpReply {
  return {
    status,
    headers: { 'Content-Type': 'application/json; charset=utf-8', 'Cache-Control': 'no-store', ...headers },
    body: JSON.stringify(value),
  };
}

/** May a response with this status have a body? RFC 9110 section 6.4.1. */
export const hasBody = (status: number): boolean => status >= 200 && status !== 204 && status !== 304;

import { STATUS_CODES } from 'node:http';

/** What the head of a request says. */
export interface RequestHead {
  /** Upper case. */
  readonly method: string;
  /** Path without the query, as it was sent (still percent-encoded). */
  readonly path: string;
  readonly query: URLSearchParams;
  /** By lower-case name. Several lines of one name are joined by `, `. RFC 9110 section 5.3. */
  readonly headers: ReadonlyMap<string, string>;
  readonly address: string;
  /** Bytes of the body; 0: there is none; infinity: only its end will tell. */
  readonly bodyLength: number;
  /** Why this request must not be carried out, e.g. two lengths. RFC 9112 section 6.3. */
  readonly fault?: string | undefined;
}

/** A request to the gateway's HTTP side. */
export interface Request extends RequestHead {
  /** Reads the body. Only then is it read; so ask who is calling first. */
  readBody(): Promise<Body>;
}

/** Why a body was not read to its end. */
export type BodyFault = 'too_large' | 'too_many_pieces' | 'no_room' | 'cut_off';

export type Body = Uint8Array | BodyFault;

export interface HttpReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Instead of a body: an answer that goes on until either side ends it. */
  readonly stream?: StreamBody;
}

/** The gateway's side of an answer that goes on. Exactly one of its methods is called, once. */
export interface StreamBody {
  /** Bytes that mean nothing to the reader. They are written where a transport needs some to go on. */
  readonly filler: string;
  /** The head of the answer was written. */
  open(stream: HttpStream): StreamListener;
  /** The client has gone before the answer, or wants its head alone. */
  abandon(): void;
}

/** An answer that goes on, as its writer sees it. After its end every method does nothing. */
export interface HttpStream {
  /** Hands over bytes, and returns whether the reader keeps up. If not, the next bytes should wait for `drained`. */
  write(bytes: string | Uint8Array): boolean;
  /** Ends the answer, behind what was handed over. */
  end(): void;
}

/** What a stream reports to its writer. */
export interface StreamListener {
  /** The reader has caught up. */
  drained(): void;
  /** The client has gone. Not called after `end`. */
  closed(): void;
}

/** Who sends a body, as far as its head tells: the owner of an API key, or somebody with what looks like a token. */
export type Sender = 'known' | 'claimed';

/** The gateway's HTTP side. */
export interface HttpSide {
  /** Tells from the head alone whether the body may be asked for. `null`: it is never stored. */
  wantsBody(head: RequestHead): Sender | null;
  handle(request: Request): HttpReply | Promise<HttpReply>;
}

/** Largest body that the HTTP side reads, in bytes. */
export const MAX_BODY = 1_048_576;

/**
 * Seconds for which a connection may be idle between two requests, as it is announced. uWebSockets.js closes after 8 to 12 s, and has no option
 * for it.
 */
export const KEEP_ALIVE = 7;

/** The status line's text, e.g. `404 Not Found`. */
export function statusLine(status: number): string {
  return `${status} ${STATUS_CODES[status] ?? 'Unknown'}`;
}

/** A reply whose body is JSON. */
export function jsonReply(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): HttpReply {
  return {
    status,
    headers: { 'Content-Type': 'application/json; charset=utf-8', 'Cache-Control': 'no-store', ...headers },
    body: JSON.stringify(value),
  };
}

/** May an answer of this status carry a body? RFC 9110 section 6.4.1. */
export const hasBody = (status: number): boolean => status >= 200 && status !== 204 && status !== 304;

import { clientAddress } from './client-address.ts';
import type { RequestHead } from './http.ts';

/** A request line and headers, as parsed by a native parser. */
export interface RawHead {
  readonly method: string;
  readonly path: string;
  /** Without `?`. */
  readonly query: string;
  /** Names in lower case and values, alternately, in the order of the lines. */
  readonly lines: readonly string[];
  /** Address of the socket. */
  readonly peer: string;
}

/**
 * Headers with a single value. With two lines, a proxy may use one and the gateway the other, so
 * such a request is refused.
 */
const SINGLE: ReadonlySet<string> = new Set([
  'authorization',
  'content-length',
  'content-type',
  'host',
  'origin',
  'sec-websocket-key',
  'sec-websocket-version',
  'transfer-encoding',
]);

const FORWARDED = 'x-forwarded-for';
/** Shared, and only read: most handshakes have no query. */
const NO_QUERY = new URLSearchParams();
const DIGITS = /^\d{1,15}$/;

/**
 * Parses a head. Ambiguous heads are faults: RFC 9112 sections 3.2, 6.1 and 6.3.
 *
 * @param trustProxy is the last entry of `X-Forwarded-For` the client's address?
 */
export function readHead({ method, path, query, lines, peer }: RawHead, trustProxy: boolean): RequestHead {
  const { headers, repeated } = joinLines(lines);
  return {
    method,
    path,
    query: query === '' ? NO_QUERY : new URLSearchParams(query),
    headers,
    address: trustProxy ? clientAddress(headers.get(FORWARDED), peer) : peer,
    bodyLength: bodyLength(headers),
    fault: repeated === undefined ? framingFault(headers) : `the header "${repeated}" was sent more than once`,
  };
}

function joinLines(lines: RawHead['lines']): { headers: Map<string, string>; repeated: string | undefined } {
  const headers = new Map<string, string>();
  let repeated: string | undefined;
  for (let at = 0; at + 1 < lines.length; at += 2) {
    const name = lines[at] as string;
    const value = lines[at + 1] as string;
    const before = headers.get(name);
    if (before !== undefined && SINGLE.has(name)) repeated ??= name;
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return { headers, repeated };
}

function bodyLength(headers: ReadonlyMap<string, string>): number {
  if (headers.has('transfer-encoding')) return Number.POSITIVE_INFINITY;
  const length = headers.get('content-length');
  if (length === undefined) return 0;
  return DIGITS.test(length) ? Number(length) : Number.POSITIVE_INFINITY;
}

function framingFault(headers: ReadonlyMap<string, string>): string | undefined {
  const coding = headers.get('transfer-encoding');
  const length = headers.get('content-length');
  if (coding !== undefined && coding.toLowerCase() !== 'chunked') return 'the only transfer coding is "chunked"';
  if (coding !== undefined && length !== undefined) return 'a body has a length or a transfer coding, not both';
  if (length !== undefined && !DIGITS.test(length)) return '"content-length" must be a number';
  return undefined;
}

/** Entries of a list header, such as subprotocols, without empty ones. RFC 9110 section 5.6.1. */
export function listOf(header: string | undefined): readonly string[] {
  if (header === undefined) return [];
  return header
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}

/**
 * Must the connection end with the response: because the client wants it (RFC 9112 section 9.6), or
 * because the header cannot be parsed?
 */
export const mustClose = ({ headers, fault }: RequestHead): boolean =>
  fault !== undefined || listOf(headers.get('connection')).some((entry) => entry.toLowerCase() === 'close');

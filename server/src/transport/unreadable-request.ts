import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';

/** Why Node's parser rejected a request: the status of the response, and the reason for the operator. */
export interface Unreadable {
  readonly status: number;
  readonly detail: string;
}

const REASONS: Readonly<Record<string, Unreadable>> = {
  HPE_HEADER_OVERFLOW: {
    status: 431,
    detail: 'the head of a request to "httpPort" is larger than 20,480 bytes: send fewer or shorter headers',
  },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: {
    status: 413,
    detail: 'the chunk extensions of a request to "httpPort" are too large: send chunks without extensions',
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: 408,
    detail: 'a request to "httpPort" was not complete in time: send the head within 10 s and the body within 20 s',
  },
};

/**
 * @returns `null` if the peer cut the connection: then there is no client to answer, and nothing
 *   was refused
 */
export function unreadable({ code = '', message }: NodeJS.ErrnoException): Unreadable | null {
  if (code === 'ECONNRESET' || code === 'EPIPE') return null;
  return REASONS[code] ?? { status: 400, detail: `a request to "httpPort" is not valid HTTP: ${message}` };
}

/**
 * Answers as Node's own server does, which stops answering such requests when `clientError` has a
 * listener.
 */
export function refuseUnreadable(socket: Socket, { status }: Unreadable): void {
  if (socket.writable) socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\n\r\n`);
}

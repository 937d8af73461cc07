import type { HttpResponse } from 'uWebSockets.js';
import { type HttpReply, hasBody, KEEP_ALIVE, statusLine } from './http.ts';

/** The methods of a native response that a reply needs. */
export type Answering = Pick<
  HttpResponse,
  'getWriteOffset' | 'close' | 'end' | 'endWithoutBody' | 'tryEnd' | 'onWritable'
> & {
  cork(task: () => void): unknown;
  writeStatus(status: string): unknown;
  write(chunk: string | Uint8Array): boolean;
  writeHeader(name: string, value: string): unknown;
};

export interface ReplyOptions {
  /** Does it answer HEAD? Then its body is measured, and not sent. */
  readonly headOnly: boolean;
  /** Must the connection end with it? */
  readonly close: boolean;
  /** From 0 to 1. */
  readonly random: () => number;
}

/** A larger response is not written at once, even if the connection ends with it. */
const SMALL = 65_536;
/**
 * One in this many responses without a body ends its connection. uWebSockets.js does not report
 * whether they are read, and a client that reads none of them must not fill the memory.
 */
const BODYLESS = 256;

/**
 * Writes a response. Unread bytes stay here, and keep the response pending, so that a connection
 * never has more than one unread response in memory. Call it outside of the handler that read the
 * request.
 */
export function writeReply(response: Answering, reply: HttpReply, options: ReplyOptions): void {
  const body = typeof reply.body === 'string' ? Buffer.from(reply.body) : (reply.body ?? new Uint8Array());
  if (options.headOnly || !hasBody(reply.status) || body.byteLength === 0)
    writeHead(response, reply, body.byteLength, options);
  else if (options.close && body.byteLength <= SMALL) {
    response.cork(() => {
      writeHeaders(response, reply);
      response.end(body, true);
    });
  } else writeBody(response, reply, body, options);
}

/** Writes the head of a streaming response. */
export function writeStreamHead(response: Answering, reply: HttpReply): void {
  response.cork(() => writeHeaders(response, reply));
}

function writeHeaders(response: Answering, { status, headers = {} }: HttpReply): void {
  response.writeStatus(statusLine(status));
  for (const [name, value] of Object.entries(headers)) response.writeHeader(name, value);
}

function announceFate(response: Answering, close: boolean): void {
  if (close) response.writeHeader('Connection', 'close');
  else response.writeHeader('Keep-Alive', `timeout=${KEEP_ALIVE}`);
}

function writeHead(response: Answering, reply: HttpReply, size: number, { close, random }: ReplyOptions): void {
  if (close || random() * BODYLESS < 1) writeLastHead(response, reply, size);
  else
    response.cork(() => {
      writeHeaders(response, reply);
      announceFate(response, false);
      // With a length, endWithoutBody would wait for that many bytes, and block the connection's
      // next request.
      if (hasBody(reply.status) || size > 0) response.writeHeader('Content-Length', String(size));
      response.endWithoutBody();
    });
}

/** A response that announces a length and has no body never ends by itself: it is cut after its head. */
function writeLastHead(response: Answering, reply: HttpReply, size: number): void {
  response.cork(() => {
    writeHeaders(response, reply);
    if (size === 0) response.end('', true);
    else {
      announceFate(response, true);
      response.tryEnd('', size);
    }
  });
  if (size > 0) response.close();
}

function writeBody(response: Answering, reply: HttpReply, body: Uint8Array, { close }: ReplyOptions): void {
  const size = body.byteLength;
  response.cork(() => {
    writeHeaders(response, reply);
    announceFate(response, close);
    response.tryEnd(body.subarray(0, size - 1), size);
  });
  // The last byte is written after the cork: only then uWebSockets.js reports whether the reader
  // keeps up.
  if (!continueBody(response, body, response.getWriteOffset()).done) {
    response.onWritable((offset) => continueBody(response, body, offset).ok);
  }
}

function continueBody(response: Answering, body: Uint8Array, offset: number): { ok: boolean; done: boolean } {
  let outcome: readonly [boolean, boolean] = [false, false];
  response.cork(() => {
    outcome = response.tryEnd(body.subarray(offset), body.byteLength);
  });
  const [ok, done] = outcome;
  return { ok, done };
}

import type { Json, ReplyCommand, SentRequest } from '@sluice/protocol';
import { onAbort } from '../abort.ts';
import { PAYLOAD_INVALID, PAYLOAD_TOO_LARGE } from '../codes.ts';
import type { EntryHost } from '../entry-host.ts';
import type { SluiceError } from '../errors.ts';
import { nothing } from '../timer.ts';
import type { IncomingRequest } from './api.ts';
import { ReplyError } from './reply-error.ts';
import { StoppableReader } from './stoppable-reader.ts';

/** The handler of a responder. */
export type Handler = (request: IncomingRequest) => unknown;

export interface IncomingSetup {
  readonly channel: string;
  readonly host: EntryHost;
  readonly handler: Handler;
  /** The handler failed with an error of its own. */
  failed(error: Error): void;
}

// Replies of a stream that may wait for the gateway's answer. It allows 16. SPEC.md section 11.5.
const WINDOW = 8;

/** One request that this client answers. */
export class Incoming {
  readonly #request: SentRequest;
  readonly #setup: IncomingSetup;
  readonly #controller = new AbortController();

  constructor(request: SentRequest, setup: IncomingSetup) {
    this.#request = request;
    this.#setup = setup;
  }

  /** Nobody waits for the reply. */
  abort(reason: Error): void {
    this.#controller.abort(reason);
  }

  /** Calls the handler and replies. Never rejects. */
  async answer(): Promise<void> {
    const { data, timeout, from } = this.#request;
    const { channel, handler } = this.#setup;
    const { signal } = this.#controller;
    try {
      const result = await handler({ channel, data, from, timeout, signal });
      if (isIterable(result)) await this.#stream(result);
      else await this.#reply({ data: result ?? null });
    } catch (error) {
      await this.#fail(error as Error);
    }
  }

  async #stream(replies: AsyncIterable<unknown>): Promise<void> {
    const { signal } = this.#controller;
    const reader = new StoppableReader(replies);
    const forget = onAbort(signal, () => reader.stop(signal.reason));
    const waiting: Promise<void>[] = [];
    try {
      for (;;) {
        signal.throwIfAborted();
        const { done, value } = await reader.next();
        if (done) break;
        const sent = this.#reply({ data: value ?? null, more: true });
        sent.catch((error) => reader.stop(error));
        waiting.push(sent);
        if (waiting.length >= WINDOW) await waiting.shift();
      }
    } finally {
      forget();
      void reader.close().catch((error) => this.#setup.failed(error));
    }
    await Promise.all(waiting);
    await this.#reply({});
  }

  async #fail(error: Error): Promise<void> {
    if (this.#controller.signal.aborted) return;
    const body = this.#errorOf(error);
    if (body) await this.#reply({ error: body }).catch((refused) => this.#refused(refused as SluiceError));
  }

  /** The requester would wait for an error that the gateway has refused. */
  async #refused(error: SluiceError): Promise<void> {
    if (this.#controller.signal.aborted || error.name === 'request_ended') return;
    this.#setup.failed(error);
    await this.#reply({ error: { code: 'invalid_reply' } }).catch(nothing);
  }

  /** The error for the requester; `undefined` if the request has ended. */
  #errorOf(error: Error): ReplyCommand['error'] {
    if (error instanceof ReplyError) {
      const { code, message, data } = error;
      return { code, ...(message && { message }), ...(data !== undefined && { data: data as Json }) };
    }
    const { name, code } = error as SluiceError;
    if (name === 'request_ended') return undefined;
    this.#setup.failed(error);
    return { code: code === PAYLOAD_INVALID || code === PAYLOAD_TOO_LARGE ? 'invalid_reply' : 'internal' };
  }

  /** Resolves when the gateway has accepted the reply. */
  #reply(fields: object): Promise<void> {
    const { calls } = this.#setup.host;
    return new Promise((resolve, reject) => {
      this.#controller.signal.throwIfAborted();
      const { copy } = calls.copy(fields);
      const aborted = this.#aborted();
      aborted.promise.catch(reject);
      const settle = <Value>(act: (value: Value) => void) => {
        return (value: Value) => {
          aborted.forget();
          act(value);
        };
      };
      const body = { type: 'reply', request: this.#request.request, ...copy } as const;
      calls.start(body, { accept: settle(() => resolve()), refuse: settle(reject) });
    });
  }

  /** A promise that rejects when the request is aborted. */
  #aborted(): { readonly promise: Promise<never>; forget(): void } {
    const { signal } = this.#controller;
    let forget = nothing;
    const promise = new Promise<never>((_, reject) => {
      if (signal.aborted) reject(signal.reason);
      else forget = onAbort(signal, () => reject(signal.reason));
    });
    promise.catch(nothing);
    return { promise, forget: () => forget() };
  }
}

function isIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

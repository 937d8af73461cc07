import type { CancelReason, Json } from '@sluice/protocol';
import type { EventBus } from '../events.ts';
import { Refusal } from '../refusal.ts';
import type { OpenRequest, RequestHandler } from './open-request.ts';
import { type GivenReply, replyTo } from './reply-to.ts';
import { ResponderRefusal } from './request-end.ts';

/** A request to a function of the program. */
export interface ProgramRequest {
  readonly channel: string;
  readonly data: Json;
  /** The requester's user, if the channel's rule adds it to messages. */
  readonly from: string | undefined;
  /** Aborted when nobody waits for the reply any more. */
  readonly signal: AbortSignal;
}

/**
 * Answers a request with the data of the reply, with an async iterable of several, or by throwing
 * a `ReplyError`.
 */
export type RequestFunction = (request: ProgramRequest) => Json | Promise<Json> | AsyncIterable<Json>;

/** An error for the requester: it receives `responder_failed` with this code and message. */
export class ReplyError extends Error {
  override readonly name = 'ReplyError';
  /** 1 to 64 characters of `A-Z a-z 0-9 _ - .`; otherwise the requester receives `invalid_reply`. */
  readonly code: string;
  readonly data: Json | undefined;

  constructor(code: string, message?: string, data?: Json) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

export interface ProgramResponderParts {
  readonly answer: RequestFunction;
  readonly concurrency: number;
  readonly events: EventBus;
}

/** A function of the program as a responder. */
export class ProgramResponder implements RequestHandler {
  readonly concurrency: number;
  readonly hasRoom = true;
  readonly #parts: ProgramResponderParts;
  readonly #running = new Map<OpenRequest, AbortController>();

  constructor(parts: ProgramResponderParts) {
    this.#parts = parts;
    this.concurrency = parts.concurrency;
  }

  handle(request: OpenRequest): void {
    const abort = new AbortController();
    this.#running.set(request, abort);
    void this.#answer(request, abort.signal)
      .catch((error: unknown) => this.#fail(request, error))
      .catch((error: unknown) => this.#giveUp(request, error));
  }

  cancelled(request: OpenRequest, reason: CancelReason): void {
    this.#running.get(request)?.abort(new Error(`the request was cancelled: ${reason}`));
  }

  released(request: OpenRequest): void {
    this.#running.delete(request);
  }

  async #answer(request: OpenRequest, signal: AbortSignal): Promise<void> {
    const { channel, data, from } = request.parts;
    const answer = await this.#parts.answer({ channel, data, from, signal });
    if (isIterable(answer)) await this.#stream(request, this.#ending(request, answer, signal));
    else await this.#reply(request, { data: answer ?? null });
  }

  async #stream(request: OpenRequest, answers: AsyncIterable<Json>): Promise<void> {
    for await (const data of answers) {
      if (request.ended) return;
      await this.#reply(request, { data: data ?? null, more: true });
    }
    await this.#reply(request, {});
  }

  /** The answers, which end when the request is cancelled, also while the next one is waited for. */
  #ending(request: OpenRequest, answers: AsyncIterable<Json>, signal: AbortSignal): AsyncIterable<Json> {
    const iterator = answers[Symbol.asyncIterator]();
    const end = async () => {
      await iterator.return?.();
    };
    const onAbort = () => void end().catch((error: unknown) => this.#report(request, error));
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort);
    return { [Symbol.asyncIterator]: () => iterator };
  }

  async #reply(request: OpenRequest, reply: Omit<GivenReply, 'size'>): Promise<void> {
    if (request.ended) return;
    const outcome = await replyTo(request, reply, this.#parts.events);
    if (outcome instanceof Refusal && outcome.error !== 'request_ended') throw new Error(outcome.body.message);
  }

  async #fail(request: OpenRequest, error: unknown): Promise<void> {
    if (!(error instanceof ReplyError)) this.#report(request, error);
    const { code, message, data } = error instanceof ReplyError ? error : INTERNAL;
    const reply = { error: { code, message, ...(data !== undefined && { data }) } };
    await this.#reply(request, reply);
  }

  /** Not even the error could be passed on. */
  #giveUp(request: OpenRequest, error: unknown): void {
    this.#report(request, error);
    request.end(new ResponderRefusal(request.channel, { code: INTERNAL.code, message: INTERNAL.message }));
  }

  #report(request: OpenRequest, error: unknown): void {
    const where = `the responder of "${request.parts.match.rule.pattern.source}"`;
    this.#parts.events.emit('fault', { where, error });
  }
}

/** Of an error that was not made for the requester, nothing is sent. */
const INTERNAL = { code: 'internal', message: 'the responder failed', data: undefined };

const isIterable = (value: unknown): value is AsyncIterable<Json> =>
  typeof value === 'object' && value !== null && Symbol.asyncIterator in value;

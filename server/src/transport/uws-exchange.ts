import type { HttpResponse } from 'uWebSockets.js';
import type { Body, HttpReply, HttpSide, RequestHead, Sender, StreamBody } from './http.ts';
import { type BodyBudgets, IncomingBody } from './incoming-body.ts';
import { mustClose } from './request-head.ts';
import type { RequestQueue } from './request-queue.ts';
import { type Answering, writeReply, writeStreamHead } from './uws-reply.ts';
import { UwsStream } from './uws-stream.ts';

/** The used methods of a native response. */
export type NativeResponse = Answering & Pick<HttpResponse, 'onAborted' | 'onData' | 'pause' | 'resume'>;

/** Replaces a head that is no longer needed. */
const FORGOTTEN: RequestHead = {
  method: 'GET',
  path: '',
  query: new URLSearchParams(),
  headers: new Map(),
  address: '',
  bodyLength: 0,
};

export interface ExchangeParts {
  readonly queue: RequestQueue;
  readonly bodies: BodyBudgets;
  /** Called if a response could not be made or written. */
  readonly failed: (error: unknown) => void;
  /** From 0 to 1. */
  readonly random: () => number;
}

/**
 * One request and its response, over a native response. uWebSockets.js throws if a response is used
 * after it ended or its client disconnected, so every use checks that first.
 *
 * No request is executed in the turn that read it. By the next turn, a connection that pipelines,
 * sends a broken body or disconnects has been closed, and has cost only the parsing.
 */
export class UwsExchange {
  readonly #response: NativeResponse;
  #head: RequestHead;
  readonly #queue: RequestQueue;
  readonly #random: () => number;
  readonly #failed: (error: unknown) => void;
  #body: IncomingBody | undefined;
  #paused = false;
  #unread: boolean;
  #stream: UwsStream | undefined;
  #over = false;
  #gone = false;
  #onDisconnect: (() => void) | undefined;

  /**
   * Call it in the handler that received the response.
   * @param side decides whether the body is wanted; without it, it is not
   */
  constructor(response: NativeResponse, head: RequestHead, parts: ExchangeParts, side?: HttpSide) {
    this.#response = response;
    this.#head = head;
    this.#queue = parts.queue;
    this.#random = parts.random;
    this.#failed = parts.failed;
    this.#unread = head.bodyLength > 0;
    response.onAborted(() => this.#cut());
    const sender = this.#unread ? side?.wantsBody(head) : undefined;
    if (sender) this.#collect(sender, parts.bodies);
  }

  #collect(sender: Sender, { pieces, [sender]: budget }: BodyBudgets): void {
    const isEndless = this.#head.bodyLength === Number.POSITIVE_INFINITY;
    if (isEndless && sender === 'claimed' && !IncomingBody.mayComeInPieces({ pieces })) return;
    const body = new IncomingBody({ budget, pieces });
    this.#body = body;
    this.#response.onData((piece, isLast) => {
      body.add(new Uint8Array(piece));
      if (isLast) body.end();
    });
  }

  #cut(): void {
    const isAnswered = this.#over;
    this.#over = true;
    this.#gone = true;
    if (!isAnswered) this.#onDisconnect?.();
    this.#body?.cut();
    this.#stream?.cut();
  }

  /** Executes the request, in a later turn. */
  carryOut(side: HttpSide): void {
    this.#queue.add(() => void this.#handle(side).catch((error: unknown) => this.#fail(error)));
  }

  /**
   * Sends a response without executing the request, in a later turn.
   * @param close also ends the connection
   */
  answer(reply: HttpReply, { close = false } = {}): void {
    this.#queue.add(() => {
      try {
        this.#answer(reply, close);
      } catch (error) {
        this.#fail(error);
      }
    });
  }

  #fail(error: unknown): void {
    this.#failed(error);
    if (this.#gone) return;
    this.#over = true;
    try {
      this.#response.close();
    } catch {
      // It was answered before the error: uWebSockets.js accepts nothing more for it.
    }
  }

  async #handle(side: HttpSide): Promise<void> {
    if (this.#over) return;
    this.#pause();
    try {
      this.#answer(
        await side.handle({
          ...this.#head,
          readBody: () => this.#readBody(),
          onDisconnect: (listener) => this.#watch(listener),
        }),
      );
    } finally {
      this.#body?.release();
    }
  }

  #watch(listener: () => void): void {
    if (this.#gone) listener();
    else this.#onDisconnect = listener;
  }

  /** Until the body is requested, only the part that arrived with the head is read. */
  #pause(): void {
    if (!this.#unread || this.#body?.settled === true) return;
    this.#paused = true;
    this.#response.pause();
  }

  async #readBody(): Promise<Body> {
    if (this.#head.bodyLength === 0) return new Uint8Array();
    if (this.#body === undefined) return 'no_room';
    if (this.#over) return this.#body.read();
    if (this.#paused) this.#response.resume();
    this.#paused = false;
    const body = await this.#body.read();
    this.#unread = typeof body === 'string';
    return body;
  }

  #answer(reply: HttpReply, close = false): void {
    const { method } = this.#head;
    const isStream = reply.stream !== undefined && !this.#over && method !== 'HEAD';
    if (!isStream) reply.stream?.abandon();
    if (this.#over) return;
    this.#over = true;
    if (isStream && reply.stream !== undefined) {
      this.#begin(reply, reply.stream);
      return;
    }
    writeReply(this.#response, reply, {
      headOnly: method === 'HEAD',
      close: close || this.#unread || mustClose(this.#head),
      random: this.#random,
    });
  }

  #begin(reply: HttpReply, body: StreamBody): void {
    this.#head = FORGOTTEN; // a stream may last for days
    this.#onDisconnect = undefined;
    try {
      writeStreamHead(this.#response, reply);
      this.#stream = new UwsStream(this.#response, body);
    } catch (error) {
      body.abandon(); // otherwise nothing would end its session
      throw error;
    }
  }
}

import type { Json } from '@sluice/protocol';
import { LOW_WATER } from '../channels/budgets.ts';
import type { NowOrLater } from '../util/now-or-later.ts';
import type { PendingRequest, Requester } from './pending-request.ts';
import type { RequestEnd } from './request-end.ts';

interface QueuedReply {
  readonly data: Json;
  readonly size: number;
}

/** The next that has come of a request: a reply that others follow, or its end. */
export type NextReply = { readonly reply: Json } | { readonly end: RequestEnd };

/** The replies to a request that somebody reads one after the other: the program, or an HTTP response. */
export class ReplyQueue implements Requester {
  readonly #replies: QueuedReply[] = [];
  #bytes = 0;
  #end: RequestEnd | undefined;
  /** Resolve when there is room for further replies. */
  readonly #blocked: (() => void)[] = [];
  #reader: (() => void) | undefined;
  #pending: PendingRequest | undefined;
  readonly #onLeft: () => void;

  /** @param onLeft called once, when the request has ended or the reader has left */
  constructor(onLeft: () => void) {
    this.#onLeft = onLeft;
  }

  /** The request that it waits for. */
  waitFor(pending: PendingRequest): void {
    this.#pending = pending;
  }

  reply(data: Json, size: number): NowOrLater<void> {
    this.#replies.push({ data, size });
    this.#bytes += size;
    this.#wake();
    if (this.#bytes < LOW_WATER) return;
    return new Promise((resolve) => this.#blocked.push(resolve));
  }

  settle(end: RequestEnd): void {
    this.#end = end;
    this.#onLeft();
    this.#unblock();
    this.#wake();
  }

  /** Waits for the next reply or the end. One reader only. */
  async next(): Promise<NextReply> {
    while (this.#replies.length === 0 && this.#end === undefined) {
      await new Promise<void>((resolve) => {
        this.#reader = resolve;
      });
    }
    const next = this.#replies.shift();
    if (next === undefined) return { end: this.#end ?? {} };
    this.#bytes -= next.size;
    if (this.#bytes < LOW_WATER) this.#unblock();
    return { reply: next.data };
  }

  /** The reader has left: the responder is notified. */
  abandon(): void {
    if (this.#end !== undefined) return;
    this.#end = {};
    this.#onLeft();
    this.#pending?.abandon();
    this.#unblock();
    this.#wake();
  }

  #unblock(): void {
    for (const resolve of this.#blocked.splice(0)) resolve();
  }

  #wake(): void {
    this.#reader?.();
    this.#reader = undefined;
  }
}

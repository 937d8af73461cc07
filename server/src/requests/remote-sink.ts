import type { Json } from '@sluice/protocol';
import type { Clock, Timer } from '../util/clock.ts';
import type { NowOrLater } from '../util/now-or-later.ts';
import { ADVANCE } from './dispatch.ts';
import type { ReplySink } from './open-request.ts';
import type { RequestEnd } from './request-end.ts';

/** Milliseconds beyond its timeout after which a request is given up whose requester's node is silent. */
const SILENCE = 5_000;

export interface RemoteSinkParts {
  readonly clock: Clock;
  /** Of the request, in milliseconds. */
  readonly timeout: number;
  readonly sendReply: (data: Json) => void;
  readonly sendEnd: (end: RequestEnd) => void;
  readonly onClosed: () => void;
  /** The requester's node is silent. */
  readonly silent: () => void;
}

/** The way back to a requester on another node. */
export class RemoteSink implements ReplySink {
  readonly #parts: RemoteSinkParts;
  #room = ADVANCE;
  #waiting: (() => void)[] = [];
  #timer: Timer | undefined;

  constructor(parts: RemoteSinkParts) {
    this.#parts = parts;
    this.#wait();
  }

  reply(data: Json): NowOrLater<void> {
    this.#parts.sendReply(data);
    this.#wait();
    if (--this.#room > 0) return;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** The requester has room for further replies. */
  grant(replies: number): void {
    this.#room += replies;
    this.#wait();
    for (const resolve of this.#waiting.splice(0, replies)) resolve();
  }

  end(end: RequestEnd): void {
    this.#parts.sendEnd(end);
  }

  closed(): void {
    this.#timer?.cancel();
    for (const resolve of this.#waiting.splice(0)) resolve();
    this.#parts.onClosed();
  }

  #wait(): void {
    this.#timer?.cancel();
    const { clock, timeout, silent } = this.#parts;
    this.#timer = clock.after(timeout + SILENCE, silent);
  }
}

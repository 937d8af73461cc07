import { type CancelReason, type Json, LIMITS } from '@sluice/protocol';
import type { RuleMatch } from '../channels/rules.ts';
import { Refusal } from '../refusal.ts';
import type { NowOrLater } from '../util/now-or-later.ts';
import type { RequestEnd } from './request-end.ts';

/** Where the replies of an open request go: to a requester of this node, or to the requester's node. */
export interface ReplySink {
  /**
   * A reply that others follow.
   *
   * @param size bytes of the reply, approximately
   * @returns a promise if the requester has no room for another: until it has
   */
  reply(data: Json, size: number): NowOrLater<void>;
  end(end: RequestEnd): void;
  /** The request has ended, for whichever reason. Called before `end`. */
  closed?(): void;
}

/** What answers requests: a responder's connection, a function of the program, a backend. */
export interface RequestHandler {
  /** Maximum number of its open requests. */
  readonly concurrency: number;
  /** May it be given another request now? */
  readonly hasRoom: boolean;
  handle(request: OpenRequest): void;
  /** A request that it had has ended, for whichever reason. */
  released(request: OpenRequest): void;
  /** The request has ended without it. */
  cancelled(request: OpenRequest, reason: CancelReason): void;
}

export interface OpenRequestParts {
  readonly id: string;
  readonly channel: string;
  readonly match: RuleMatch;
  readonly data: Json;
  /** Bytes of `data`, approximately. */
  readonly size: number;
  /** The requester's user, if the channel's rule adds it. */
  readonly from: string | undefined;
  /** Milliseconds until the first reply, and between two. */
  readonly timeout: number;
  /** By the monotonic clock. */
  readonly arrived: number;
  readonly sink: ReplySink;
  /** Called once, when it has ended for whichever reason. */
  readonly onEnd: (request: OpenRequest) => void;
}

/** Milliseconds after which a responder may send a refused reply again. */
const SOON = 100;

/** A request on the node of its responder, from its arrival to its end. */
export class OpenRequest {
  readonly parts: OpenRequestParts;
  /** The responder that has it; undefined as long as it waits for one. */
  handler: RequestHandler | undefined;
  /** Called once at its end. Set by the queue that the request waits in. */
  leave: () => void = () => {};
  #ended = false;
  #replies = 0;
  #unanswered = 0;

  constructor(parts: OpenRequestParts) {
    this.parts = parts;
  }

  get id(): string {
    return this.parts.id;
  }

  get channel(): string {
    return this.parts.channel;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** A reply that others follow. */
  reply(data: Json, size: number): NowOrLater<Refusal | null> {
    if (this.#unanswered >= LIMITS.replyWindow) {
      return new Refusal('rate_limited', `${LIMITS.replyWindow} replies of this request are unanswered`, SOON);
    }
    const { sink } = this.parts;
    this.#replies++;
    const room = sink.reply(data, size);
    if (!(room instanceof Promise)) return null;
    this.#unanswered++;
    return room.then(() => {
      this.#unanswered--;
      return null;
    });
  }

  /** How many replies it has had. */
  get replies(): number {
    return this.#replies;
  }

  /** Ends it with the responder's last reply, or an error. */
  end(end: RequestEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#release();
    this.parts.sink.end(end);
  }

  /** The requester does not wait any more. */
  cancel(reason: CancelReason): void {
    if (this.#ended) return;
    this.#ended = true;
    this.handler?.cancelled(this, reason);
    this.#release();
  }

  #release(): void {
    const { sink, onEnd } = this.parts;
    onEnd(this);
    sink.closed?.();
    this.leave();
  }
}

import type { Json, RepliesPush } from '@sluice/protocol';
import type { EndReason, Kind, Standing } from '../channels/standing.ts';
import type { Subscriber } from '../channels/subscriber.ts';
import { Refusal } from '../refusal.ts';
import type { NowOrLater } from '../util/now-or-later.ts';
import { PacedPushes } from './paced-pushes.ts';
import type { PendingRequest, Requester } from './pending-request.ts';
import type { RequestEnd } from './request-end.ts';

/** Unanswered requests of a connection, by the id of their command. */
export const REQUESTS: Kind<SessionRequester> = { name: 'request' };

/** Bytes of replies that may wait for one connection. SPEC.md section 11.3. */
const MOST_HELD = 262_144;

interface HeldReply {
  /** `null`: it was sent, and only the room for the next one is waited for. */
  readonly push: RepliesPush | null;
  readonly size: number;
  readonly sent: () => void;
}

export interface SessionRequesterParts {
  /** The id of the command. */
  readonly command: number;
  readonly channel: string;
  /** Called once, at the end of the request. */
  readonly onEnd: (end: RequestEnd) => void;
}

/** A connection that waits for the replies to one request. SPEC.md section 11.3. */
export class SessionRequester implements Standing, Requester {
  readonly channelName: string;
  readonly #subscriber: Subscriber;
  readonly #parts: SessionRequesterParts;
  readonly #pushes: PacedPushes;
  #pending: PendingRequest | undefined;
  readonly #held: HeldReply[] = [];
  #heldBytes = 0;
  #end: RequestEnd | undefined;
  #answered = false;

  constructor(subscriber: Subscriber, parts: SessionRequesterParts) {
    this.#subscriber = subscriber;
    this.#parts = parts;
    this.#pushes = new PacedPushes(subscriber);
    this.channelName = parts.channel;
  }

  get kind(): Kind<SessionRequester> {
    return REQUESTS;
  }

  get key(): string {
    return `${this.#parts.command}`;
  }

  get verb(): 'request' {
    return 'request';
  }

  get ended(): boolean {
    return this.#answered;
  }

  /** The request that it waits for. */
  waitFor(pending: PendingRequest): void {
    this.#pending = pending;
  }

  // Requester --------------------------------------------------------------------------------------------------------

  reply(data: Json, size: number): NowOrLater<void> | null {
    const push: RepliesPush = { type: 'replies', request: this.#parts.command, replies: [{ data }] };
    if (this.#held.length > 0 || !this.#pushes.hasRoom) {
      return this.#heldByConnection + size > MOST_HELD ? null : this.#hold(push, size);
    }
    this.#pushes.push(push, size);
    return this.#pushes.hasRoom ? undefined : this.#hold(null, 0);
  }

  /** The answer to the command comes after the last of the replies. */
  settle(end: RequestEnd): void {
    this.#end = end;
    if (this.#held.length === 0 || end instanceof Refusal) this.#answer(end);
  }

  #hold(push: RepliesPush | null, size: number): Promise<void> {
    this.#heldBytes += size;
    return new Promise((sent) => this.#held.push({ push, size, sent }));
  }

  get #heldByConnection(): number {
    let held = 0;
    for (const requester of this.#subscriber.standings.of(REQUESTS).values()) held += requester.#heldBytes;
    return held;
  }

  #answer(end: RequestEnd): void {
    if (this.#answered) return;
    this.#answered = true;
    this.#drop();
    this.#parts.onEnd(end);
  }

  #drop(): void {
    this.#heldBytes = 0;
    for (const { sent } of this.#held.splice(0)) sent();
  }

  // Standing ---------------------------------------------------------------------------------------------------------

  overflowed(): boolean {
    return false;
  }

  drained(): void {
    while (this.#held.length > 0 && this.#pushes.hasRoom) this.#sendHeld();
    if (this.#held.length === 0 && this.#end !== undefined) this.#answer(this.#end);
  }

  #sendHeld(): void {
    const next = this.#held.shift();
    if (next === undefined) return;
    this.#heldBytes -= next.size;
    if (next.push !== null) this.#pushes.push(next.push, next.size);
    next.sent();
  }

  end(reason: EndReason): void {
    if (reason === 'closed') {
      this.#answered = true; // nobody waits for it
      this.#drop();
      this.#pending?.abandon();
      return;
    }
    const cause = reason === 'removed' ? 'permission' : reason;
    const refusal = refusalOf(cause, this.channelName);
    this.#pending?.cancel(cause, refusal);
    this.#answer(refusal);
  }
}

const refusalOf = (reason: 'asked' | 'permission', channel: string): Refusal =>
  reason === 'asked'
    ? new Refusal('request_cancelled')
    : new Refusal('permission_denied', `"request" on "${channel}" is not allowed any more`);

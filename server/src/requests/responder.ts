import type { CancelReason } from '@sluice/protocol';
import { type EndReason, gatewayEnding, type Kind, type Standing } from '../channels/standing.ts';
import type { Subscriber } from '../channels/subscriber.ts';
import { Refusal } from '../refusal.ts';
import { ChurningSet } from '../util/churning-set.ts';
import type { Clock } from '../util/clock.ts';
import type { NowOrLater } from '../util/now-or-later.ts';
import type { OpenRequest, RequestHandler } from './open-request.ts';
import { PacedPushes } from './paced-pushes.ts';
import type { Requests } from './requests.ts';

/** Responders, by channel. */
export const RESPONDERS: Kind<Responder> = { name: 'responder' };

/** Responders that the client has withdrawn, and whose requests it still answers. */
export const FINISHING_RESPONDERS: Kind<Responder> = { name: 'finishing responder' };

export interface ResponderParts {
  readonly channel: string;
  readonly concurrency: number;
  readonly clock: Clock;
  readonly requests: Requests;
  /** Called when its last request has ended after it was withdrawn. */
  readonly onFinished: (responder: Responder) => void;
}

let count = 0;

/** A connection that answers requests on a channel. SPEC.md section 11.1. */
export class Responder implements Standing, RequestHandler {
  readonly channelName: string;
  readonly concurrency: number;
  readonly #parts: ResponderParts;
  readonly #subscriber: Subscriber;
  readonly #pushes: PacedPushes;
  readonly #open = new ChurningSet<OpenRequest>();
  #state: 'responding' | 'finishing' | 'ended' = 'responding';
  #finishingKey = '';

  constructor(subscriber: Subscriber, parts: ResponderParts) {
    this.#subscriber = subscriber;
    this.#pushes = new PacedPushes(subscriber);
    this.#parts = parts;
    this.channelName = parts.channel;
    this.concurrency = parts.concurrency;
  }

  get kind(): Kind<Responder> {
    return this.#state === 'finishing' ? FINISHING_RESPONDERS : RESPONDERS;
  }

  get key(): string {
    return this.#state === 'finishing' ? this.#finishingKey : this.channelName;
  }

  get verb(): 'respond' {
    return 'respond';
  }

  get ended(): boolean {
    return this.#state === 'ended';
  }

  /** Does it have open requests? */
  get isBusy(): boolean {
    return this.#open.size > 0;
  }

  /** @returns a promise if other nodes learn of it later */
  start(): NowOrLater<void> {
    return this.#parts.requests.respond(this.channelName, this);
  }

  /** It gets no more requests. The holder must have removed it: its key changes. */
  finish(): void {
    this.#parts.requests.withdraw(this.channelName, this);
    this.#finishingKey = `${++count}`;
    this.#state = 'finishing';
  }

  // Standing ---------------------------------------------------------------------------------------------------------

  overflowed(): boolean {
    return false;
  }

  drained(): void {
    this.#parts.requests.poolOf(this.channelName)?.resume(this);
  }

  end(reason: EndReason, message?: string): void {
    this.#parts.requests.withdraw(this.channelName, this);
    this.#state = 'ended';
    for (const request of this.#open) request.end(lost(this.channelName));
    const ending = gatewayEnding(reason, message);
    if (ending === null) return;
    this.#subscriber.push({ type: 'unresponded', channel: this.channelName, ...ending });
  }

  // Requests ---------------------------------------------------------------------------------------------------------

  get hasRoom(): boolean {
    return this.#pushes.hasRoom;
  }

  /** Is this the connection of the responder? */
  isOf(subscriber: Subscriber): boolean {
    return subscriber === this.#subscriber;
  }

  handle(request: OpenRequest): void {
    this.#open.add(request);
    const { channel, id, parts } = request;
    const { data, from, size, timeout, arrived } = parts;
    const left = Math.max(1, Math.round(timeout - (this.#parts.clock.monotonic() - arrived)));
    const sent = { request: id, data, timeout: left, ...(from === undefined ? undefined : { from }) };
    this.#pushes.push({ type: 'requests', channel, requests: [sent] }, size);
  }

  cancelled({ id, channel }: OpenRequest, reason: CancelReason): void {
    this.#subscriber.push({ type: 'cancelled', channel, request: id, reason });
  }

  released(request: OpenRequest): void {
    this.#open.delete(request);
    if (this.#state === 'finishing' && this.#open.size === 0) this.#parts.onFinished(this);
  }
}

const lost = (channel: string): Refusal =>
  new Refusal('responder_lost', `the responder of "${channel}" has gone before its last reply`);

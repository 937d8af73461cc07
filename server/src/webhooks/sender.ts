import type { EventBus } from '../events.ts';
import { CallFailed } from '../outgoing/call-failed.ts';
import type { HttpClient } from '../outgoing/http-client.ts';
import { signedHeaders } from '../outgoing/signing-key.ts';
import type { Clock, Timer } from '../util/clock.ts';
import type { WebhookConfig } from '../webhook.ts';
import type { Control, Halt } from './control.ts';
import { type EventBatch, type EventLog, isAway } from './event-log.ts';
import { LEASE, type SenderLease } from './sender-lease.ts';
import { cloudEvent } from './webhook-event.ts';

export interface SenderParts {
  readonly config: WebhookConfig;
  readonly log: EventLog;
  readonly lease: SenderLease;
  readonly control: Control;
  readonly client: HttpClient;
  readonly events: EventBus;
  readonly clock: Clock;
  /** A number from 0 to 1. */
  readonly random?: () => number;
}

/** What a node knows about the endpoint. */
export interface SenderStatus {
  /** Does this node send to the endpoint? */
  readonly sending: boolean;
  /** Failures in a row. */
  readonly failures: number;
  readonly lastError?: { readonly failure: string; readonly message: string; readonly time: number };
  /** When the endpoint has received something for the last time, in ms since the Unix epoch. */
  readonly lastReceived?: number;
}

/** Milliseconds between two renewals of the lease. */
const RENEW = LEASE / 3;
/** Milliseconds after which a node looks for events of other nodes. */
const POLL = 1_000;
/** Milliseconds before the second attempt, and the longest pause. Each is varied by a fifth. */
const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 300_000;
const LONGEST_RETRY_AFTER = 3_600_000;
/** Most bytes of an answer, which is ignored. */
const MOST_ANSWER = 65_536;

/**
 * Sends the events of one endpoint, in their order: one request after the other, each until it is
 * received. Of all nodes, one sends.
 */
export class Sender {
  readonly #parts: SenderParts;
  #config: WebhookConfig;
  /** The endpoint has got another address, which has not answered that it is gone. */
  #isElsewhere = false;
  #isClosed = false;
  #halt: Halt | null = null;
  #failures = 0;
  #lastError: SenderStatus['lastError'];
  #lastReceived: number | undefined;
  #taken: readonly string[] = [];
  /** Events of a request that a halt has ended: it is sent again as it was. */
  #unreceived: number | undefined;
  /** Events were moved by `replay`: what is taken is out of date. */
  #isMoved = false;
  #renewal: Timer | undefined;
  #wake: () => void = () => {};
  #finished: Promise<void> | undefined;

  constructor(parts: SenderParts) {
    this.#parts = parts;
    this.#config = parts.config;
  }

  start(): void {
    this.#finished ??= this.#run();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#wake();
    await this.#finished;
  }

  get status(): SenderStatus {
    return {
      sending: this.#parts.lease.held && !this.#isClosed,
      failures: this.#failures,
      ...(this.#lastError && { lastError: this.#lastError }),
      ...(this.#lastReceived !== undefined && { lastReceived: this.#lastReceived }),
    };
  }

  /** Events were stored on this node. */
  stored(): void {
    if (this.#failures === 0) this.#wake();
  }

  /** An operator has paused, resumed or moved it. */
  async changed(): Promise<void> {
    this.#halt = await this.#parts.control.read();
    this.#isMoved = true;
    this.#wake();
  }

  /** Applies another configuration: what is being repeated is sent by it at once. */
  configure(config: WebhookConfig): void {
    this.#isElsewhere ||= config.url !== this.#config.url;
    this.#config = config;
    this.#isMoved = true;
    this.#wake();
  }

  async #run(): Promise<void> {
    while (!this.#isClosed) {
      try {
        await this.#runOnce();
      } catch (error) {
        if (!isAway(error)) this.#parts.events.emit('fault', { where: 'webhooks', error });
        await this.#sleep(POLL);
      }
    }
  }

  async #runOnce(): Promise<void> {
    const { lease, control } = this.#parts;
    this.#halt = await control.read();
    if (this.#isElsewhere) await this.#begin();
    if (this.#halt !== null || !(await lease.acquire())) {
      await this.#sleep(RENEW);
      return;
    }
    this.#renewLater();
    try {
      await this.#parts.log.beginAtFloor();
      while (this.#isSending) await this.#sendNext();
    } finally {
      this.#renewal?.cancel();
      await lease.release();
    }
  }

  /** `gone` was the answer of the address before. */
  async #begin(): Promise<void> {
    if (this.#halt === 'gone') await this.#parts.control.write(null);
    if (this.#halt === 'gone') this.#halt = null;
    this.#isElsewhere = false;
  }

  get #isSending(): boolean {
    return !this.#isClosed && this.#halt === null && this.#parts.lease.held;
  }

  async #sendNext(): Promise<void> {
    const { log } = this.#parts;
    this.#isMoved = false;
    const batch = await log.take(this.#unreceived);
    if (batch.events.length === 0) {
      await this.#sleep(Math.max(1, Math.min(batch.wait, POLL)));
      return;
    }
    this.#taken = batch.ids;
    const isReceived = await this.#sendUntilReceived(batch);
    this.#taken = [];
    this.#unreceived = isReceived || batch.ids.length === 0 ? undefined : batch.ids.length;
    if (isReceived) await log.received(batch);
    else await log.settle(batch.ids, 'return');
  }

  /** @returns whether the endpoint has received it */
  async #sendUntilReceived({ events, ids }: EventBatch): Promise<boolean> {
    const body = JSON.stringify(events.map(cloudEvent));
    const id = `msg_${events[0]?.id ?? ''}_${Math.max(ids.length, events.length)}`;
    while (this.#isSending && !this.#isMoved) {
      const failed = await this.#send(id, body);
      if (failed === null) return true;
      if (failed.status === 410) {
        await this.#end();
        return false;
      }
      await this.#sleep(this.#pauseAfter(failed));
    }
    return false;
  }

  async #send(id: string, body: string): Promise<CallFailed | null> {
    const { client, clock, events } = this.#parts;
    const config = this.#config;
    const start = clock.monotonic();
    const headers = {
      'content-type': 'application/cloudevents-batch+json',
      ...signedHeaders(config.keys, { id, time: clock.now(), body }),
    };
    try {
      await client.post({ url: new URL(config.url), headers, body, timeout: config.timeout, maxAnswer: MOST_ANSWER });
      this.#failures = 0;
      this.#lastReceived = clock.now();
      events.emit('webhookSent', { webhook: config.name, outcome: 'received', duration: clock.monotonic() - start });
      return null;
    } catch (error) {
      if (!(error instanceof CallFailed)) throw error;
      this.#note(error, clock.monotonic() - start);
      return error;
    }
  }

  #note({ failure, message }: CallFailed, duration: number): void {
    const { clock, events } = this.#parts;
    const config = this.#config;
    this.#failures++;
    this.#lastError = { failure, message, time: clock.now() };
    events.emit('webhookSent', { webhook: config.name, outcome: failure, duration });
    events.emit('webhookFailed', { webhook: config.name, failure, detail: message, failures: this.#failures });
  }

  /** The endpoint has answered 410: it wants nothing more, until an operator resumes it. */
  async #end(): Promise<void> {
    this.#halt = 'gone';
    await this.#parts.control.write('gone');
  }

  #pauseAfter({ retryAfter }: CallFailed): number {
    if (retryAfter !== undefined) return Math.min(retryAfter, LONGEST_RETRY_AFTER);
    const { random = Math.random } = this.#parts;
    const pause = Math.min(FIRST_PAUSE * 2 ** (this.#failures - 1), LONGEST_PAUSE);
    return pause * (0.8 + 0.4 * random());
  }

  #renewLater(): void {
    this.#renewal = this.#parts.clock.after(RENEW, () => void this.#renew());
  }

  /** Keeps the lease, and what was taken. If the engine is away, both may expire. */
  async #renew(): Promise<void> {
    const { lease, log, events } = this.#parts;
    try {
      if (await lease.renew()) await log.settle(this.#taken, 'extend');
    } catch (error) {
      if (!isAway(error)) events.emit('fault', { where: 'webhooks: the lease', error });
    }
    if (lease.held && !this.#isClosed) this.#renewLater();
    else this.#wake();
  }

  /** Waits, at most until something happens. */
  #sleep(duration: number): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = this.#parts.clock.after(duration, () => this.#wake());
      this.#wake = () => {
        timer.cancel();
        this.#wake = () => {};
        resolve();
      };
    });
  }
}

import type { EventBus } from '../events.ts';
import type { Clock, Timer } from '../util/clock.ts';
import { type EventLog, isAway } from './event-log.ts';
import type { WebhookEvent } from './webhook-event.ts';

/** Events that wait while the engine is away. */
const MOST_WAITING = 10_000;
/** Appends at the same time: the engine keeps their order. */
const CHUNK = 256;
/** Milliseconds until the engine is tried again. */
const RETRY = 1_000;
/** Milliseconds in which a gateway that stops stores its last events. */
const LAST = 5_000;

export interface RecorderParts {
  readonly log: EventLog;
  readonly events: EventBus;
  readonly clock: Clock;
  /** Events were stored. */
  readonly onStored: () => void;
}

/** Stores the events of one endpoint in their order, and keeps them while the engine is away. */
export class Recorder {
  readonly #parts: RecorderParts;
  readonly #waiting: WebhookEvent[] = [];
  /** Events that the engine is asked to store. */
  #unconfirmed = 0;
  #lost = 0;
  #isStoring = false;
  #timer: Timer | undefined;
  #isClosed = false;
  #storing: Promise<void> = Promise.resolve();

  constructor(parts: RecorderParts) {
    this.#parts = parts;
  }

  record(event: WebhookEvent): void {
    if (this.#isClosed) return;
    if (this.#waiting.length >= MOST_WAITING) this.#lost++;
    else this.#waiting.push(event);
    if (!this.#isStoring && this.#timer === undefined) this.#begin();
  }

  /** Stores what waits, within a limit, and then nothing more. Call it before the engine closes. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#timer !== undefined) {
      this.#timer.cancel();
      this.#begin();
    }
    await this.#within(this.#storing);
    const lost = this.#unconfirmed + this.#waiting.length + this.#lost;
    if (lost === 0) return;
    const error = new Error(`${lost} events could not be stored before the gateway stopped`);
    this.#parts.events.emit('fault', { where: 'webhooks', error });
  }

  #within(storing: Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#parts.clock.after(LAST, resolve);
      void storing.then(() => {
        timer.cancel();
        resolve();
      });
    });
  }

  #begin(): void {
    this.#storing = this.#store();
  }

  async #store(): Promise<void> {
    this.#isStoring = true;
    while (this.#waiting.length > 0) {
      const chunk = this.#waiting.splice(0, CHUNK);
      this.#unconfirmed = chunk.length;
      const failed = (await Promise.all(chunk.map((event) => this.#append(event)))).filter((event) => event !== null);
      this.#unconfirmed = 0;
      if (failed.length < chunk.length) this.#parts.onStored();
      if (failed.length === 0) {
        this.#reportLost();
        continue;
      }
      this.#waiting.unshift(...failed);
      this.#retryLater();
      break;
    }
    this.#isStoring = false;
  }

  #retryLater(): void {
    if (this.#isClosed) return;
    this.#timer = this.#parts.clock.after(RETRY, () => {
      this.#timer = undefined;
      this.#begin();
    });
  }

  /** What did not fit is reported after what did. */
  #reportLost(): void {
    if (this.#lost === 0) return;
    this.#waiting.push({ type: 'webhook.gap', data: { lost: this.#lost, reason: 'overflow' } });
    this.#lost = 0;
  }

  /** @returns the event if it must be tried again */
  async #append(event: WebhookEvent): Promise<WebhookEvent | null> {
    try {
      await this.#parts.log.append(event);
      return null;
    } catch (error) {
      if (isAway(error)) return event;
      this.#parts.events.emit('fault', { where: 'webhooks: an event could not be stored', error });
      return null;
    }
  }
}

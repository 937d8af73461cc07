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
  #lost = 0;
  #isStoring = false;
  #timer: Timer | undefined;

  constructor(parts: RecorderParts) {
    this.#parts = parts;
  }

  record(event: WebhookEvent): void {
    if (this.#waiting.length >= MOST_WAITING) this.#lost++;
    else this.#waiting.push(event);
    if (!this.#isStoring && this.#timer === undefined) void this.#store();
  }

  close(): void {
    this.#timer?.cancel();
  }

  async #store(): Promise<void> {
    this.#isStoring = true;
    while (this.#waiting.length > 0) {
      const chunk = this.#waiting.splice(0, CHUNK);
      const failed = (await Promise.all(chunk.map((event) => this.#append(event)))).filter((event) => event !== null);
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
    this.#timer = this.#parts.clock.after(RETRY, () => {
      this.#timer = undefined;
      void this.#store();
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

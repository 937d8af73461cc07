import type { Json } from '@sluice/protocol';
import { nanoid } from 'nanoid';
import { type AppendOptions, EngineUnavailable, type Log } from '../engine/engine.ts';
import type { Claim, GroupGap, GroupOptions, GroupRef, GroupStats, GroupStore } from '../engine/groups.ts';
import type { WebhookConfig } from '../webhook.ts';
import type { StoredEvent, WebhookEvent } from './webhook-event.ts';

/** Milliseconds after which another node sends the events that a node has taken and not confirmed. */
export const TAKEN = 15_000;
/** Characters of the events of one request as JSON. */
const MOST_LENGTH = 1_048_576;
/** Milliseconds in which several nodes report the same event. */
const WINDOW = 600_000;

const GROUP = { maxDeliveries: 0, backoff: [], orderBy: null, queue: false, expires: null } as const;

export interface EventLogParts {
  readonly config: WebhookConfig;
  readonly log: Log;
  readonly groups: GroupStore;
  /** The wall clock, in ms. */
  readonly now: () => number;
}

/** The next events for an endpoint. */
export interface EventBatch {
  readonly events: readonly StoredEvent[];
  /** The deliveries of the group, to be settled. */
  readonly ids: readonly string[];
  /** The gaps among the events. */
  readonly gaps: readonly GroupGap[];
  /** Milliseconds after which it is worth asking again. */
  readonly wait: number;
}

/**
 * The events of one endpoint: a log that every engine stores as it stores channels, and a consumer
 * group over it. No channel has its name.
 */
export class EventLog {
  readonly #parts: EventLogParts;
  readonly #name: string;
  #config: WebhookConfig;

  constructor(parts: EventLogParts) {
    this.#parts = parts;
    this.#config = parts.config;
    this.#name = `#webhooks:${parts.config.name}`;
  }

  /** Applies another configuration of the same endpoint to what comes next. */
  configure(config: WebhookConfig): void {
    this.#config = config;
  }

  get #append(): AppendOptions {
    return { retention: this.#config.keep, window: WINDOW };
  }

  get #options(): GroupOptions {
    return { ...GROUP, ackTimeout: TAKEN, maxUnacked: this.#config.batch, start: 'oldest' };
  }

  get #ref(): GroupRef {
    return { channel: this.#name, group: 'sender' };
  }

  /** @throws EngineUnavailable, or rejects with it */
  append({ key, window = 0, renews, type, subject, data }: WebhookEvent): unknown {
    const record = { type, data, ...(subject !== undefined && { subject }) };
    const entry = { id: nanoid(), time: this.#parts.now(), data: record as Json };
    const once = key === undefined ? {} : { key, window: Math.max(window, WINDOW), ...(renews && { renews }) };
    return this.#parts.log.append(this.#name, entry, { ...this.#append, ...once });
  }

  /** Takes the next events. They stay taken until they are settled, or for 15 s; gaps come again until they were received. */
  async take(max: number = this.#config.batch): Promise<EventBatch> {
    const request = { token: nanoid(16), max, maxLength: MOST_LENGTH };
    const claim = await this.#parts.groups.claim(this.#ref, this.#options, request);
    const { gaps, deliveries, wait } = claim;
    const lost = gaps.map((gap) => gapEvent(gap, this.#parts.now()));
    return { events: [...lost, ...eventsOf(claim)], ids: deliveries.map(({ id }) => id), gaps, wait };
  }

  /** The endpoint has received them. */
  async received({ ids, gaps }: EventBatch): Promise<void> {
    if (gaps.length > 0) await this.#parts.groups.confirmGaps(this.#ref, gaps);
    await this.#settle(ids, 'ack');
  }

  /** They will be sent by somebody else, or are about to be sent again. */
  settle(ids: readonly string[], outcome: 'return' | 'extend'): Promise<void> {
    return this.#settle(ids, outcome);
  }

  async #settle(ids: readonly string[], outcome: 'ack' | 'return' | 'extend'): Promise<void> {
    if (ids.length > 0) await this.#parts.groups.settle(this.#ref, this.#options, ids, { type: outcome });
  }

  /**
   * Call it before a sender takes its first events: those that an earlier sender has taken and not
   * confirmed come first again, so that the order is kept.
   */
  async beginAtFloor(): Promise<void> {
    const { floor, inFlight, delayed } = await this.stats();
    if (inFlight + delayed > 0) await this.#parts.groups.seek(this.#ref, this.#options, floor);
  }

  async stats(): Promise<GroupStats> {
    return await this.#parts.groups.stats(this.#ref, this.#options);
  }

  /** Sends again what was stored since a time, in ms since the Unix epoch. Returns the number of events. */
  async replay(since: number): Promise<number> {
    const offset = await this.#parts.log.seek(this.#name, since);
    await this.#parts.groups.seek(this.#ref, this.#options, offset);
    const { ready } = await this.stats();
    return ready;
  }
}

function eventsOf({ epoch, deliveries }: Claim): StoredEvent[] {
  return deliveries.map(({ message: { message } }) => {
    const { type, subject, data } = message.data as unknown as Omit<WebhookEvent, 'key'>;
    const { offset, time } = message;
    return { id: `${epoch}.${offset}`, type, time, data, ...(subject !== undefined && { subject }) };
  });
}

const gapEvent = ({ from, to, reason }: GroupGap, time: number): StoredEvent => ({
  id: `gap.${from.epoch}.${from.offset}.${to.epoch}.${to.offset}`,
  type: 'webhook.gap',
  time,
  data: { from: { ...from }, to: { ...to }, reason },
});

export const isAway = (error: unknown): boolean => error instanceof EngineUnavailable;

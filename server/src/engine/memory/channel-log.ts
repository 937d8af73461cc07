import type { Message, PublishResult } from '@sluice/protocol';
import type { AppendOptions, Entry, Page, Retention } from '../engine.ts';
import { LoggedMessage } from '../logged-message.ts';
import type { BlockPool } from './block-pool.ts';
import { MessageWindow } from './message-window.ts';

interface Remembered {
  readonly until: number;
  readonly result: PublishResult;
}

/** Keys that one channel remembers at most; beyond, the oldest are forgotten before their window ends. */
const MOST_KEYS = 100_000;

/** One channel's log in memory: a window over the stream, and the idempotency keys of its latest messages. */
export class ChannelLog {
  readonly epoch: string;
  readonly #messages: MessageWindow;
  #keys: Map<string, Remembered> | undefined;
  #retention: Retention = null;
  #head = 0;
  #lastTime = 0;
  /** Does this node have cursors here? */
  watched = false;

  constructor(epoch: string, pool: BlockPool) {
    this.epoch = epoch;
    this.#messages = new MessageWindow(pool);
  }

  get head(): number {
    return this.#head;
  }

  /** When the newest message was appended: milliseconds since the Unix epoch, 0 when there was none. */
  get lastTime(): number {
    return this.#lastTime;
  }

  /** Messages that it holds. */
  get length(): number {
    return this.#messages.length;
  }

  get empty(): boolean {
    return this.#messages.length === 0;
  }

  /** @param now time by `AgeClock`; messages that are too old are dropped */
  append(entry: Entry, options: AppendOptions, now: number): { message: LoggedMessage; result: PublishResult } {
    // Time never runs backwards within a log, so `seek` can use binary search.
    this.#lastTime = Math.max(this.#lastTime, entry.time);
    const message = LoggedMessage.of(place(entry, this.#lastTime, ++this.#head));
    const result = { id: entry.id, epoch: this.epoch, offset: message.offset };
    this.#retention = options.retention;
    if (options.retention !== null) this.#messages.push(message, this.#lastTime);
    this.trim(now);
    if (options.key !== undefined) this.#remember(options.key, { until: entry.time + options.window, result });
    return { message, result };
  }

  /** The result of the append that used this key, while its window lasts. */
  recall(key: string, now: number): PublishResult | undefined {
    const remembered = this.#keys?.get(key);
    return remembered !== undefined && remembered.until > now ? remembered.result : undefined;
  }

  read(after: number, limit: number): Page {
    const first = this.#head - this.#messages.length + 1;
    const start = Math.max(after + 1, first) - first;
    const end = Math.min(this.#messages.length, start + limit);
    const messages: LoggedMessage[] = [];
    for (let index = start; index < end; index++) messages.push(this.#messages.at(index, first + index));
    return { epoch: this.epoch, head: this.#head, first, messages };
  }

  /** Offset of the last message older than `time`. */
  seek(time: number): number {
    let low = 0;
    let high = this.#messages.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#messages.timeAt(middle) < time) low = middle + 1;
      else high = middle;
    }
    return this.#head - this.#messages.length + low;
  }

  /** Drops what retention no longer covers, and keys whose window has passed. */
  trim(now: number): void {
    const count = this.#retention?.count ?? 0;
    const since = now - (this.#retention?.age ?? 0);
    while (this.#messages.length > count || this.#messages.oldest < since) this.#messages.shift();
    this.#forget(now);
  }

  get remembers(): boolean {
    return this.#keys !== undefined && this.#keys.size > 0;
  }

  #remember(key: string, remembered: Remembered): void {
    this.#keys ??= new Map();
    this.#keys.delete(key); // moves it to the end: the map stays in the order of time
    this.#keys.set(key, remembered);
  }

  #forget(now: number): void {
    if (this.#keys === undefined) return;
    for (const [key, { until }] of this.#keys) {
      if (until > now && this.#keys.size <= MOST_KEYS) break;
      this.#keys.delete(key);
    }
  }
}

/** Written out because it runs for every message: spreading absent fields costs more than the rest of an append. */
function place({ id, data, event, tags, from }: Entry, time: number, offset: number): Message {
  if (event === undefined && tags === undefined) {
    return from === undefined ? { id, time, data, offset } : { id, time, data, from, offset };
  }
  return {
    id,
    time,
    data,
    ...(event === undefined ? undefined : { event }),
    ...(tags === undefined ? undefined : { tags }),
    ...(from === undefined ? undefined : { from }),
    offset,
  };
}

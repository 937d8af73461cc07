import type { Message, PublishResult } from '@sluice/protocol';
import { Deque } from '../../util/deque.ts';
import type { AppendOptions, Entry, Page, Retention } from '../engine.ts';

interface Remembered {
  readonly until: number;
  readonly result: PublishResult;
}

/** Keys that one channel remembers at most; beyond, the oldest are forgotten before their window ends. */
const MOST_KEYS = 100_000;

/** One channel's log in memory: a window over the stream, and the idempotency keys of its latest messages. */
export class ChannelLog {
  readonly epoch: string;
  readonly #entries = new Deque<Message>();
  #keys: Map<string, Remembered> | undefined;
  #retention: Retention = null;
  #head = 0;
  #lastTime = 0;
  /** Does this node have cursors here? */
  watched = false;

  constructor(epoch: string) {
    this.epoch = epoch;
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
    return this.#entries.length;
  }

  get empty(): boolean {
    return this.#entries.length === 0;
  }

  append(entry: Entry, options: AppendOptions): { message: Message; result: PublishResult } {
    // Time never runs backwards within a log, so that `seek` can halve its way.
    this.#lastTime = Math.max(this.#lastTime, entry.time);
    const message = place(entry, this.#lastTime, ++this.#head);
    const result = { id: message.id, epoch: this.epoch, offset: message.offset };
    this.#retention = options.retention;
    if (options.retention !== null) this.#entries.push(message);
    this.trim(this.#lastTime);
    if (options.key !== undefined) this.#remember(options.key, { until: entry.time + options.window, result });
    return { message, result };
  }

  /** The result of the append that used this key, while its window lasts. */
  recall(key: string, now: number): PublishResult | undefined {
    const remembered = this.#keys?.get(key);
    return remembered !== undefined && remembered.until > now ? remembered.result : undefined;
  }

  read(after: number, limit: number): Page {
    const first = this.#head - this.#entries.length + 1;
    const start = Math.max(after + 1, first) - first;
    const messages: Message[] = [];
    for (let index = start; messages.length < limit; index++) {
      const message = this.#entries.at(index);
      if (message === undefined) break;
      messages.push(message);
    }
    return { epoch: this.epoch, head: this.#head, first, messages };
  }

  /** Offset of the last message older than `time`. */
  seek(time: number): number {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#entries.at(middle)?.time ?? time) < time) low = middle + 1;
      else high = middle;
    }
    return this.#head - this.#entries.length + low;
  }

  /** Drops what retention no longer covers, and keys whose window has passed. */
  trim(now: number): void {
    const count = this.#retention?.count ?? 0;
    while (this.#entries.length > count) this.#entries.shift();
    const oldest = now - (this.#retention?.age ?? 0);
    for (let entry = this.#entries.at(0); entry !== undefined && entry.time < oldest; entry = this.#entries.at(0)) {
      this.#entries.shift();
    }
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

/** Written out because it runs for every message: spreading what is not there costs more than the rest of an append. */
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

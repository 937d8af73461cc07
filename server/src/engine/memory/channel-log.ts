import type { Message, PublishResult } from '@sluice/protocol';
import type { AppendOptions, Entry, Page, Retention } from '../engine.ts';
import { LoggedMessage } from '../logged-message.ts';
import type { SourcePosition } from '../source-position.ts';
import type { BlockPool } from './block-pool.ts';
import type { ChannelGroups } from './channel-groups.ts';
import { MessageWindow } from './message-window.ts';
import { ReachedPositions } from './reached-positions.ts';

interface Remembered {
  readonly until: number;
  readonly result: PublishResult;
}

/** Keys that one channel remembers at most; beyond, the oldest are forgotten before their window ends. */
const MOST_KEYS = 100_000;

/** One channel's log in memory: a window over the stream, and the idempotency keys of its latest messages. */
export class ChannelLog {
  readonly epoch: string;
  readonly #pool: BlockPool;
  /** Created with the first message that is kept: a log without history never needs it. */
  #messages: MessageWindow | undefined;
  #keys: Map<string, Remembered> | undefined;
  #reached: ReachedPositions | undefined;
  #retention: Retention = null;
  #head = 0;
  #purged = 0;
  #lastTime = 0;
  /** Does this node have cursors here? */
  watched = false;
  /** Is its channel in the list of those that hold messages? */
  listed = false;
  /** The consumer groups of the channel, once there is one. */
  groups: ChannelGroups | undefined;

  constructor(epoch: string, pool: BlockPool) {
    this.epoch = epoch;
    this.#pool = pool;
  }

  get head(): number {
    return this.#head;
  }

  /** Offset of the oldest message that it holds; `head + 1` when it holds none. */
  get first(): number {
    return this.#head - this.length + 1;
  }

  /** Offset up to which messages were purged; 0: none were. */
  get purged(): number {
    return this.#purged;
  }

  /** When the newest message was appended: milliseconds since the Unix epoch, 0 when there was none. */
  get lastTime(): number {
    return this.#lastTime;
  }

  /** Messages that it holds. */
  get length(): number {
    return this.#messages?.length ?? 0;
  }

  /** Bytes of the messages that it holds. */
  get bytes(): number {
    return this.#messages?.content ?? 0;
  }

  get empty(): boolean {
    return this.length === 0;
  }

  /** @param now time by `AgeClock`; messages that are too old are dropped */
  append(entry: Entry, options: AppendOptions, now: number): { message: LoggedMessage; result: PublishResult } {
    // Time never runs backwards within a log, so `seek` can use binary search.
    this.#lastTime = Math.max(this.#lastTime, entry.time);
    const message = LoggedMessage.of(place(entry, this.#lastTime, ++this.#head));
    const result = { id: entry.id, epoch: this.epoch, offset: message.offset };
    this.#retention = options.retention;
    if (options.retention !== null) this.#keep(message);
    this.trim(now);
    if (options.key !== undefined) this.#remember(options.key, { until: entry.time + options.window, result });
    if (options.source !== undefined) this.#reach(options.source, entry.time, result);
    return { message, result };
  }

  /** The result of an earlier append of the same message, if its key or its position is remembered. */
  recall({ key, source }: AppendOptions, now: number): PublishResult | undefined {
    if (source !== undefined) return this.#reached?.recall(source, now);
    return key === undefined ? undefined : this.#recallKey(key, now);
  }

  /** Remembers a remembered key for another window. */
  renew({ key, window }: AppendOptions, time: number): void {
    const remembered = key === undefined ? undefined : this.#keys?.get(key);
    if (key === undefined || remembered === undefined || remembered.until >= time + window) return;
    this.#remember(key, { ...remembered, until: time + window });
  }

  #recallKey(key: string, now: number): PublishResult | undefined {
    const remembered = this.#keys?.get(key);
    return remembered !== undefined && remembered.until > now ? remembered.result : undefined;
  }

  read(after: number, limit: number): Page {
    const window = this.#messages;
    const { first } = this;
    const start = Math.max(after + 1, first) - first;
    const end = Math.min(this.length, start + limit);
    const messages: LoggedMessage[] = [];
    for (let index = start; window !== undefined && index < end; index++) {
      messages.push(window.at(index, first + index));
    }
    const page = { epoch: this.epoch, head: this.#head, first, messages };
    return this.#purged === 0 ? page : { ...page, purged: this.#purged };
  }

  /** @param offset from `first` to `head` */
  at(offset: number): LoggedMessage {
    if (this.#messages === undefined) throw new RangeError('the log holds no messages');
    return this.#messages.at(offset - this.first, offset);
  }

  /** Drops all messages up to this offset. */
  dropThrough(offset: number): void {
    while (this.first <= offset && this.length > 0) this.#messages?.shift();
  }

  /** Drops all messages up to this offset, and remembers that they were purged. */
  purge(offset: number): void {
    const last = Math.min(offset, this.#head);
    this.#purged = Math.max(this.#purged, last);
    this.dropThrough(last);
  }

  /** Offset of the last message older than `time`. */
  seek(time: number): number {
    const window = this.#messages;
    let low = 0;
    let high = this.length;
    while (window !== undefined && low < high) {
      const middle = (low + high) >>> 1;
      if (window.timeAt(middle) < time) low = middle + 1;
      else high = middle;
    }
    return this.#head - this.length + low;
  }

  /** Drops what retention no longer covers, and keys whose window has passed. */
  trim(now: number): void {
    if (this.#messages !== undefined) this.#shorten(this.#messages, now);
    this.#forget(now);
  }

  #keep(message: LoggedMessage): void {
    this.#messages ??= new MessageWindow(this.#pool);
    this.#messages.push(message, this.#lastTime);
  }

  #shorten(messages: MessageWindow, now: number): void {
    const count = this.#retention?.count ?? 0;
    const since = now - (this.#retention?.age ?? 0);
    while (messages.length > count || messages.oldest < since) messages.shift();
  }

  get remembers(): boolean {
    return (this.#keys?.size ?? 0) > 0 || (this.#reached?.size ?? 0) > 0;
  }

  #reach(source: SourcePosition, time: number, result: PublishResult): void {
    this.#reached ??= new ReachedPositions();
    this.#reached.remember(source, time, result);
  }

  #remember(key: string, remembered: Remembered): void {
    this.#keys ??= new Map();
    this.#keys.delete(key); // moves it to the end: the map stays in the order of time
    this.#keys.set(key, remembered);
  }

  #forget(now: number): void {
    this.#reached?.forget(now);
    if (this.#keys === undefined) return;
    for (const [key, { until }] of this.#keys) {
      if (until > now && this.#keys.size <= MOST_KEYS) break;
      this.#keys.delete(key);
    }
  }
}

/** Written out because it runs for every message: spreading absent fields costs more than the rest of an append. */
function place(
  { id, data, event, tags, from, origin, trace, expiresAt }: Entry,
  time: number,
  offset: number,
): Message {
  const isPlain = event === undefined && tags === undefined && origin === undefined;
  if (isPlain && trace === undefined && expiresAt === undefined) {
    return from === undefined ? { id, time, data, offset } : { id, time, data, from, offset };
  }
  return {
    id,
    time,
    data,
    ...(event === undefined ? undefined : { event }),
    ...(tags === undefined ? undefined : { tags }),
    ...(from === undefined ? undefined : { from }),
    ...(origin === undefined ? undefined : { origin }),
    ...(trace === undefined ? undefined : { trace }),
    ...(expiresAt === undefined ? undefined : { expiresAt }),
    offset,
  };
}

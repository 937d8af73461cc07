import type { Channels } from '@sluice/protocol/contracts';
import type { Client } from '../api.ts';
import {
  CLIENT,
  COUNT,
  checkRequired,
  checkValues,
  DURATION,
  FUNCTION,
  OBJECT,
  TEXT,
  type ValueCheck,
} from '../check-values.ts';
import { CLOSED } from '../codes.ts';
import { Emitter } from '../emitter.ts';
import { SluiceError } from '../index.ts';
import { onlyJson } from '../only-json.ts';
import type { Outbox, OutboxEvents, OutboxOptions } from './api.ts';
import { type Entry, type Lifetimes, outboxError, refused } from './entry.ts';
import { KEPT } from './entry-list.ts';
import type { OutboxChannel, OutboxMessage, OutboxPublishOptions, Outgoing } from './message-api.ts';
import { OutboxQueue } from './outbox-queue.ts';
import { FollowedMessage } from './outgoing.ts';
import { browser, type Platform } from './platform.ts';
import { Sender } from './sender.ts';

const USER: ValueCheck = ['a string, or null for anonymous connections', (value) => value === null || TEXT[1](value)];
const ON_REFUSED: ValueCheck = ['"continue" or "hold"', (value) => value === 'continue' || value === 'hold'];
const OPTIONS = {
  user: USER,
  name: TEXT,
  maxMessages: COUNT,
  maxBytes: COUNT,
  maxAge: DURATION,
  dedupeWindow: DURATION,
  onRefused: ON_REFUSED,
};

/**
 * Creates an outbox: it stores each message, then sends it once and in order, even after a reload.
 *
 * @throws SluiceError `option_invalid` that names the invalid option
 *
 * @example
 * import { createClient } from '@sluice/client';
 * import { createOutbox } from '@sluice/client/outbox';
 *
 * const client = createClient({ url: 'wss://example.com/ws', token: () => fetchToken() });
 * const outbox = createOutbox(client, { user: 'ada' });
 * const outgoing = outbox.publish('chat:lobby', { text: 'Hello' });
 * outgoing.onStatus(({ status }) => showTick(status));
 */
export function createOutbox<C extends Channels = Channels>(client: Client<C>, options: OutboxOptions): Outbox<C> {
  checkRequired('client', client, CLIENT);
  checkRequired('options', options, OBJECT);
  checkRequired('user', options.user, USER);
  checkValues(options, OPTIONS);
  // Contracts exist for the compiler only.
  const outbox: Outbox = new StoredOutbox(client as unknown as Client, { ...options, platform: browser });
  return outbox as unknown as Outbox<C>;
}

/** What `createOutbox` returns. */
export class StoredOutbox implements Outbox {
  readonly ready: Promise<void>;
  readonly #events = new Emitter<OutboxEvents>();
  readonly #queue: OutboxQueue;
  readonly #sender: Sender;
  readonly #limits: { readonly maxMessages: number; readonly maxBytes: number };
  readonly #lifetimes: Lifetimes;
  // The objects that `publish` returned, while they can change.
  readonly #followed = new Map<string, FollowedMessage<unknown>>();
  // Those of them that were discarded, oldest first.
  readonly #discarded = new Set<string>();
  readonly #channels = new Map<string, OutboxChannel<never>>();
  #closed = false;

  constructor(client: Client, options: OutboxOptions & { readonly platform: Platform }) {
    const { user, name = 'default', platform, onRefused } = options;
    const { maxMessages = 1000, maxBytes = 5 * 2 ** 20, maxAge = 86_400_000, dedupeWindow = 300_000 } = options;
    // Each user has their own database, lock and tab channel, so no other user can send their messages.
    const place = `sluice-outbox ${JSON.stringify([name, user])}`;
    this.#limits = { maxMessages, maxBytes };
    this.#lifetimes = { maxAge, dedupeWindow };
    this.#queue = new OutboxQueue(place, { ...this.#lifetimes, platform });
    this.ready = this.#queue.disk.ready;
    this.#queue.on('status', (entry) => this.#follow(entry));
    this.#queue.on('change', (list) => this.#events.emit('change', list));
    this.#queue.on('error', (error) => this.#events.emit('error', error));
    const setup = { client, queue: this.#queue, user, hold: onRefused === 'hold', name: place, platform };
    this.#sender = new Sender({ ...setup, ...this.#lifetimes });
  }

  get persistent(): boolean {
    return this.#queue.persistent;
  }

  get messages(): readonly OutboxMessage[] {
    return this.#queue.list;
  }

  publish<T = unknown>(channel: string, data: T, options: OutboxPublishOptions = {}): Outgoing<T> {
    if (this.#closed) {
      throw new SluiceError({ code: CLOSED, name: 'closed', message: 'The outbox was closed.', retryable: false });
    }
    checkRequired('channel', channel, TEXT);
    checkRequired('options', options, OBJECT);
    checkValues(options, { event: TEXT, tags: OBJECT, trace: TEXT, ttl: COUNT });
    const draft = this.#draft(channel, { ...options, data });
    const full = this.#whyFull(draft.bytes);
    const entry = full
      ? { ...draft, ...refused(outboxError('outbox_full', undefined, full), draft.time, this.#lifetimes) }
      : this.#queue.add(draft);
    const outgoing = new FollowedMessage(entry);
    if (!full) this.#followed.set(entry.key, outgoing);
    return outgoing as Outgoing<unknown> as Outgoing<T>;
  }

  channel<T = unknown>(name: string): OutboxChannel<T> {
    checkRequired('name', name, TEXT);
    let channel = this.#channels.get(name);
    if (!channel) {
      channel = this.#view(name);
      this.#channels.set(name, channel);
    }
    return channel as OutboxChannel<unknown> as OutboxChannel<T>;
  }

  on<Name extends keyof OutboxEvents>(name: Name, handler: (value: OutboxEvents[Name]) => void): () => void {
    checkRequired('handler', handler, FUNCTION);
    return this.#events.on(name, handler);
  }

  retry(key: string): void {
    const until = this.#queue.clock() + this.#lifetimes.maxAge;
    void this.#queue.change(key, ({ status }) =>
      status === 'refused' ? { status: 'queued', until, sentAt: undefined, error: undefined } : undefined,
    );
  }

  discard(key: string): void {
    this.#queue.finish(key, { status: 'discarded' });
  }

  clear(): void {
    this.#queue.clear();
  }

  close(): void {
    this.#closed = true;
    this.#sender.close();
    this.#queue.close();
  }

  #draft(channel: string, content: OutboxPublishOptions & { readonly data: unknown }): Omit<Entry, 'order'> {
    const text = JSON.stringify(content, onlyJson);
    const { data, event, tags, trace, ttl } = JSON.parse(text) as typeof content;
    if (data === undefined) throw new TypeError('"data" cannot be written as JSON. To publish no data, use null.');
    const time = Date.now();
    return {
      // 128 random bits, like the client's own keys. SPEC.md section 4.5.
      key: crypto.getRandomValues(new Uint32Array(4)).join('-'),
      channel,
      data,
      ...(event !== undefined && { event }),
      ...(tags && { tags }),
      ...(trace !== undefined && { trace }),
      ...(ttl !== undefined && { ttl }),
      time,
      status: 'queued',
      stored: false,
      version: 0,
      until: this.#queue.clock() + this.#lifetimes.maxAge,
      bytes: new TextEncoder().encode(text).length,
    };
  }

  /** The reason why a message does not fit the limits; empty if it does. */
  #whyFull(more: number): string {
    const { maxMessages, maxBytes } = this.#limits;
    const { length } = this.#queue.list;
    const bytes = this.#queue.list.reduce((sum, entry) => sum + entry.bytes, more);
    if (length >= maxMessages) return ` It holds ${length} messages of ${maxMessages}.`;
    return bytes > maxBytes ? ` With this message it would hold ${bytes} bytes of ${maxBytes}.` : '';
  }

  #follow(entry: Entry): void {
    const { key, status } = entry;
    this.#followed.get(key)?.follow(entry);
    if (status === 'accepted') this.#unfollow(key);
    // An acceptance that another tab reports may follow.
    else if (status === 'discarded' && this.#followed.has(key)) this.#discarded.add(key);
    const [oldest] = this.#discarded;
    if (this.#discarded.size > KEPT && oldest !== undefined) this.#unfollow(oldest);
    this.#events.emit('status', entry);
  }

  #unfollow(key: string): void {
    this.#followed.delete(key);
    this.#discarded.delete(key);
  }

  #view(name: string): OutboxChannel<never> {
    const queue = this.#queue;
    let all: readonly Entry[] = [];
    let mine: readonly OutboxMessage<never>[] = Object.freeze([]);
    const messages = () => {
      if (all === queue.list) return mine;
      all = queue.list;
      const now = all.filter(({ channel }) => channel === name) as OutboxMessage[] as OutboxMessage<never>[];
      if (now.length !== mine.length || now.some((message, at) => message !== mine[at])) mine = Object.freeze(now);
      return mine;
    };
    return {
      name,
      get messages() {
        return messages();
      },
      publish: (data, options) => this.publish(name, data, options),
      on: (_, handler) => {
        let last = messages();
        return this.on('change', () => {
          if (last === messages()) return;
          last = messages();
          handler(last);
        });
      },
    };
  }
}

import { ENGINE_RETRY, LOW_WATER, PAGE_BYTES } from '../channels/budgets.ts';
import type { Subscriber } from '../channels/subscriber.ts';
import type { Fanout } from '../transport/connection.ts';
import type { Clock } from '../util/clock.ts';
import { chain, recover } from '../util/now-or-later.ts';
import type { Turn } from '../util/turn.ts';
import { DueQueue } from './due-queue.ts';
import { KeyedChannel } from './keyed-channel.ts';
import { KeyedFeed, type KeyedFormat, type Known } from './keyed-feed.ts';
import type { KeyedChange, KeyedRule, KeyedSource, KeyedSummary } from './keyed-log.ts';
import { KeyedSubscription } from './keyed-subscription.ts';

export interface KeyedBroadcasterOptions<Value, Page extends KeyedSummary> {
  readonly source: KeyedSource<Page>;
  readonly format: KeyedFormat<Value, Page>;
  /** Precedes the channel's name in topics; not a character of channel names. */
  readonly topicMark: string;
  readonly fanout: Fanout;
  readonly clock: Clock;
  readonly turn: Turn;
  /** Maximum bytes buffered per connection. */
  readonly outbound: number;
  /** Called with the bytes that were sent, times the connections that receive them. */
  readonly onSent: (channel: string, bytes: number) => void;
  /** Called if the source could not be read. It is read again later. */
  readonly onFault: (error: unknown) => void;
}

/** Maximum values that are listed in one turn, so that turns stay short. */
const TURN_BUDGET = 10_000;

/**
 * Sends keyed logs to their subscribers: the list first, then changes, collected for the rule's
 * interval and encoded once per wire protocol. Above the rule's limit it sends only the number of
 * values.
 *
 * The views of its channels decide what is due. At the end of a turn it makes announcements, and
 * then reads for subscriptions that are behind and whose connection has room.
 */
export class KeyedBroadcaster<Value, Page extends KeyedSummary> {
  readonly #options: KeyedBroadcasterOptions<Value, Page>;
  readonly #feed: KeyedFeed<Value, Page>;
  /** Maximum bytes of a list. */
  readonly #maxBytes: number;
  readonly #lowWater: number;
  readonly #channels = new Map<string, KeyedChannel<Value>>();
  readonly #due: DueQueue<KeyedChannel<Value>>;
  readonly #ready = new Set<KeyedSubscription>();

  constructor(options: KeyedBroadcasterOptions<Value, Page>) {
    const { outbound, clock, turn } = options;
    this.#options = options;
    // Both fit into the buffer of a connection, half of `outbound`: otherwise a list could never be
    // sent without overflow.
    this.#maxBytes = Math.min(PAGE_BYTES, outbound / 4);
    this.#lowWater = Math.min(LOW_WATER, outbound / 8);
    this.#feed = new KeyedFeed({ ...options, maxBytes: this.#maxBytes });
    this.#due = new DueQueue(clock, turn);
  }

  /** Number of channels with subscriptions on this node. */
  get size(): number {
    return this.#channels.size;
  }

  /** Does the channel have subscriptions on this node? */
  has(channel: string): boolean {
    return this.#channels.has(channel);
  }

  subscribe(subscriber: Subscriber, name: string, rule: KeyedRule): KeyedSubscription {
    const channel = this.#channels.get(name) ?? this.#open(name, rule);
    const subscription = new KeyedSubscription(subscriber, name, channel.audiences);
    channel.subscriptions.add(subscription);
    this.resume(subscription);
    return subscription;
  }

  #open(name: string, rule: KeyedRule): KeyedChannel<Value> {
    const { topicMark, source } = this.#options;
    const channel = new KeyedChannel<Value>(name, { rule, maxBytes: this.#maxBytes, topicMark });
    this.#channels.set(name, channel);
    source.watch?.(name);
    return channel;
  }

  unsubscribe(subscription: KeyedSubscription): void {
    subscription.end();
    this.#ready.delete(subscription);
    const channel = this.#channels.get(subscription.channel);
    if (channel?.subscriptions.delete(subscription) === true && channel.subscriptions.size === 0) this.#close(channel);
  }

  #close(channel: KeyedChannel<Value>): void {
    this.#due.delete(channel);
    this.#channels.delete(channel.name);
    this.#options.source.unwatch?.(channel.name);
  }

  /** Sends the subscription what it needs, if it is behind. */
  resume(subscription: KeyedSubscription): void {
    if (subscription.state !== 'behind') return;
    this.#ready.add(subscription);
    this.#options.turn.schedule();
  }

  /** What was sent to the subscription may not have arrived: it needs the list again. */
  restart(subscription: KeyedSubscription): void {
    subscription.fallBehind();
    this.resume(subscription);
  }

  /** The source announced a change. */
  changed(name: string, change: KeyedChange<Value>): void {
    const channel = this.#channels.get(name);
    if (channel === undefined) return;
    channel.view.note(change);
    this.#schedule(channel);
  }

  /** Changes of a channel, or of all channels, may have been missed. */
  interrupted(name?: string): void {
    for (const channel of this.#channels.values())
      if (name === undefined || channel.name === name) this.#reset(channel, 0);
  }

  #reset(channel: KeyedChannel<Value>, wait: number): void {
    channel.view.reset(this.#now() + wait);
    this.#schedule(channel);
  }

  #schedule(channel: KeyedChannel<Value>): void {
    const wait = channel.view.due(this.#now());
    if (wait !== undefined && this.#isOpen(channel)) this.#due.add(channel, wait);
  }

  #isOpen(channel: KeyedChannel<Value>): boolean {
    return this.#channels.get(channel.name) === channel;
  }

  #now(): number {
    return this.#options.clock.monotonic();
  }

  /**
   * The end of a turn: makes the announcements that are due, then reads for subscriptions that are
   * behind.
   */
  flush(): void {
    for (const channel of this.#due.take()) if (channel.view.begin(this.#now())) this.#announce(channel);
    if (this.#ready.size > 0) this.#serve();
    this.#feed.forgetEncoded();
    if (this.#ready.size > 0) this.#options.turn.schedule();
  }

  #announce(channel: KeyedChannel<Value>): void {
    recover<void>(
      () => chain(this.#feed.announce(channel), () => this.#announced(channel)),
      (error) => this.#failed(channel, error),
    );
  }

  #announced(channel: KeyedChannel<Value>): void {
    channel.view.finish(this.#now());
    this.#schedule(channel);
    for (const subscription of channel.subscriptions) this.resume(subscription);
  }

  #failed(channel: KeyedChannel<Value>, error: unknown): void {
    this.#options.onFault(error);
    channel.view.fail(this.#now() + ENGINE_RETRY);
    this.#schedule(channel);
  }

  /**
   * Reads for subscriptions until the budget is used up. Those without room come back when they
   * have drained.
   */
  #serve(): void {
    let budget = TURN_BUDGET;
    for (const subscription of [...this.#ready]) {
      if (budget <= 0) return;
      this.#ready.delete(subscription);
      budget -= this.#serveOne(subscription);
    }
  }

  /** @returns the work, in values */
  #serveOne(subscription: KeyedSubscription): number {
    const channel = this.#channels.get(subscription.channel);
    if (channel === undefined || subscription.state !== 'behind' || !this.#hasRoom(subscription)) return 0;
    subscription.beginReading();
    const work = recover<number>(
      () => chain(this.#feed.read(channel), (known) => this.#start(subscription, channel, known)),
      (error) => this.#readFailed(subscription, channel, error),
    );
    return typeof work === 'number' ? 1 + work : 1;
  }

  #start(subscription: KeyedSubscription, channel: KeyedChannel<Value>, known: Known<Page>): number {
    subscription.stopReading();
    const isReady = subscription.state === 'behind' && this.#hasRoom(subscription);
    if (isReady && this.#feed.start(subscription, channel, known)) this.resume(subscription);
    return this.#feed.workOf(known);
  }

  #readFailed(subscription: KeyedSubscription, channel: KeyedChannel<Value>, error: unknown): number {
    subscription.stopReading();
    this.#options.onFault(error);
    this.#reset(channel, ENGINE_RETRY);
    return 0;
  }

  #hasRoom({ subscriber: { connection } }: KeyedSubscription): boolean {
    return connection.hasRoom(this.#lowWater);
  }
}

import type { LoggedMessage } from '../engine/logged-message.ts';
import type { EventBus } from '../events.ts';
import type { Part } from '../protocols/protocol.ts';
import type { Fanout } from '../transport/connection.ts';
import type { Clock } from '../util/clock.ts';
import type { Turn } from '../util/turn.ts';
import { COALESCED_MESSAGES } from './budgets.ts';
import type { Readership } from './channel.ts';
import type { OpenChannel } from './channel-opener.ts';
import { Coalescer } from './coalescer.ts';
import type { ChannelFilters } from './filters/channel-filters.ts';
import { FilteredAudience } from './filters/filtered-audience.ts';
import { matching } from './filters/matching.ts';
import { ProgressSchedule } from './filters/progress-schedule.ts';
import { batchedBytes, bytesOf, countForOneTurn, joinFrames } from './frames.ts';

export interface FanOutOptions {
  readonly fanout: Fanout;
  readonly events: EventBus;
  readonly turn: Turn;
  readonly clock: Clock;
  /** Called if publishing to a channel threw: it is unknown which of its cursors were served. */
  readonly failed: (channel: OpenChannel) => void;
}

/** What the fan-out of a channel in one turn amounts to. */
interface Sums {
  readonly deliveries: number;
  readonly bytes: number;
  readonly oldest: LoggedMessage | undefined;
}

/** Messages for one audience. */
interface Delivery {
  readonly audience: Readership | FilteredAudience;
  readonly messages: readonly LoggedMessage[];
  readonly parts: readonly Part[];
}

/**
 * Sends the news of channels to their live cursors: collected during a turn of the event loop, or
 * for longer if the rule says so, and sent at a turn's end as one frame and one publish per audience.
 * So the work in JavaScript depends on the number of channels and filters, not of subscribers.
 */
export class FanOut {
  readonly #options: FanOutOptions;
  /** Channels that may have news. An array, because a set leaves outgrown tables behind with every turn. */
  #dirty: OpenChannel[] = [];
  readonly #coalescer: Coalescer;
  /** Channels whose filtered cursors may have to hear of the head. */
  readonly #progress: ProgressSchedule<OpenChannel>;
  #turns = 0;

  constructor(options: FanOutOptions) {
    this.#options = options;
    this.#coalescer = new Coalescer(options.clock, (channel) => {
      if (channel.waiting === 'window') this.#schedule(channel);
    });
    this.#progress = new ProgressSchedule(options.clock, (channel) => {
      if (channel.filters === undefined) return;
      channel.filters.due = true;
      if (channel.waiting === 'no') this.#schedule(channel); // otherwise with its news
    });
  }

  /** The turn of the latest fan-out, which the transport may still refuse. */
  get turn(): number {
    return this.#turns;
  }

  /** The channel has no filtered cursors any more. */
  forgetFilters(channel: OpenChannel): void {
    this.#progress.delete(channel);
  }

  /** The channel has news: they go out at the end of this turn, or after the window of its rule. */
  mark(channel: OpenChannel): void {
    if (channel.waiting === 'turn') return;
    if (channel.rule.coalesce === 0 || channel.news.length >= COALESCED_MESSAGES || expires(channel.news.at(-1)))
      this.#schedule(channel);
    else if (channel.waiting === 'no') this.#hold(channel);
  }

  #hold(channel: OpenChannel): void {
    channel.waiting = 'window';
    this.#coalescer.hold(channel);
  }

  /** The news go out at the end of this turn. */
  #schedule(channel: OpenChannel): void {
    channel.waiting = 'turn';
    this.#dirty.push(channel);
    this.#options.turn.schedule();
  }

  /** The end of a turn: the news go out. */
  flush(): void {
    if (this.#dirty.length === 0) return;
    this.#turns++;
    const count = this.#dirty.length;
    let done = 0;
    try {
      while (done < count) this.#serve(this.#dirty[done++] as OpenChannel);
    } finally {
      // What was added meanwhile; and if one channel threw, the rest.
      this.#dirty = this.#dirty.slice(done);
      if (this.#dirty.length > 0) this.#options.turn.schedule();
    }
  }

  #serve(channel: OpenChannel): void {
    channel.waiting = 'no';
    try {
      // Before the messages of this turn: one of them may be refused, and progress must not pass it.
      if (channel.filters?.due === true) this.#sendProgress(channel, channel.filters);
      this.#send(channel);
    } catch (error) {
      this.#options.failed(channel);
      throw error;
    }
    if (channel.news.length > 0) this.#schedule(channel); // large messages get a turn of their own
  }

  #send(channel: OpenChannel): void {
    if (channel.news.length === 0) return; // its last cursor has left, or all continue from the log
    const message = channel.takeOne(this.#turns);
    if (message === undefined) this.#sendJoined(channel);
    else this.#sendSingle(channel, message);
    if (channel.filters !== undefined) this.#progress.add(channel);
  }

  /** The common case: nothing to join or to split. */
  #sendSingle(channel: OpenChannel, message: LoggedMessage): void {
    let bytes = 0;
    let deliveries = 0;
    for (const audience of channel.audiences) {
      const { wire, topic, live } = audience;
      if (live === 0) continue;
      const frame = audience.single(message);
      this.#options.fanout.publish(topic, frame, wire.binary);
      bytes += bytesOf(frame) * live;
      deliveries += live;
    }
    if (channel.filters !== undefined) {
      for (const { audience } of matching(channel.filters, [message])) {
        bytes += this.#sendFiltered(audience, message);
        deliveries += audience.live;
      }
    }
    this.#report(channel, { deliveries, bytes, oldest: message });
  }

  /** Sends one message to an audience. Returns the bytes of everything that its connections receive. */
  #sendFiltered(audience: FilteredAudience, message: LoggedMessage): number {
    const { wire, topic, live } = audience;
    const frame = audience.single(message);
    audience.told.advance(this.#turns, message.offset);
    this.#options.fanout.publish(topic, frame, wire.binary);
    return bytesOf(frame) * live;
  }

  #sendJoined(channel: OpenChannel): void {
    const all = this.#encode(channel);
    const [first] = channel.news;
    const sent = channel.takeNews(this.#turns, this.#countFor(all, channel.news));
    let bytes = 0;
    let deliveries = 0;
    for (const delivery of all) {
      const count = countUpTo(delivery.messages, (first?.offset ?? 0) + sent.length - 1);
      if (count === 0) continue;
      bytes += this.#publish(delivery, count);
      deliveries += count * delivery.audience.live;
    }
    this.#report(channel, { deliveries, bytes, oldest: first });
  }

  #report({ name, rule, base, sent }: OpenChannel, sums: Sums): void {
    const { source } = rule.pattern;
    this.#options.events.emit('delivered', { channel: name, rule: source, after: base, offset: sent, ...sums });
  }

  #encode({ audiences, filters, news }: OpenChannel): Delivery[] {
    const all: Delivery[] = [];
    for (const audience of audiences) {
      if (audience.live > 0) all.push({ audience, messages: news, parts: audience.encode(news) });
    }
    if (filters === undefined) return all;
    for (const { audience, messages } of matching(filters, news)) {
      all.push({ audience, messages, parts: audience.encode(messages) });
    }
    return all;
  }

  /** How many of the news may be published in this turn. */
  #countFor(all: readonly Delivery[], news: readonly LoggedMessage[]): number {
    const first = news[0]?.offset ?? 0;
    let count = news.length;
    for (const { messages, parts } of all) {
      const next = messages[countForOneTurn(parts, this.#options.fanout)];
      if (next !== undefined) count = Math.min(count, next.offset - first);
    }
    return count;
  }

  /** Publishes messages to one audience. Returns the bytes of everything that its connections receive. */
  #publish({ audience, messages, parts }: Delivery, count: number): number {
    const { fanout } = this.#options;
    const { wire, topic, prefix, live } = audience;
    const run = count === messages.length ? messages : messages.slice(0, count);
    if (audience instanceof FilteredAudience) audience.told.advance(this.#turns, run.at(-1)?.offset ?? 0);
    let bytes = 0;
    for (const frame of joinFrames(wire, { prefix, messages: run, parts }, batchedBytes(fanout))) {
      fanout.publish(topic, frame.bytes, wire.binary);
      bytes += frame.bytes.byteLength * live;
    }
    return bytes;
  }

  /** Tells all filtered cursors of the channel where its head is. */
  #sendProgress({ name, epoch, sent }: OpenChannel, filters: ChannelFilters): void {
    filters.due = false;
    if (!filters.hasProgress) return;
    const after = filters.told.offset;
    filters.told.advance(this.#turns, sent);
    for (const { wire, variant, topic, live } of filters.everyone) {
      if (live === 0) continue;
      const { sub, alias: channel = name } = variant;
      const subject = sub === undefined ? { channel } : { channel, sub };
      const frame = wire.encode([{ type: 'progress', ...subject, epoch, after, offset: sent }]);
      this.#options.fanout.publish(topic, frame, wire.binary);
    }
  }
}

/** A message that expires does not wait for others. */
const expires = (message: LoggedMessage | undefined): boolean => message?.expiresAt !== undefined;

/** How many of the messages have no greater offset. */
function countUpTo(messages: readonly LoggedMessage[], offset: number): number {
  const last = messages.at(-1);
  if (last === undefined || last.offset <= offset) return messages.length;
  return messages.findIndex((message) => message.offset > offset);
}

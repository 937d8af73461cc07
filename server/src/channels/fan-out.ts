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
import { batchedBytes, bytesOf, countForOneTurn, joinFrames } from './frames.ts';

export interface FanOutOptions {
  readonly fanout: Fanout;
  readonly events: EventBus;
  readonly turn: Turn;
  readonly clock: Clock;
  /** Called if publishing to a channel threw: it is unknown which of its cursors were served. */
  readonly failed: (channel: OpenChannel) => void;
}

interface News {
  readonly messages: readonly LoggedMessage[];
  readonly parts: readonly Part[];
}

/**
 * Sends the news of channels to their live cursors: collected during a turn of the event loop, or
 * for longer if the rule says so, and sent at a turn's end as one frame and one publish per audience.
 * So the work in JavaScript depends on the number of channels, not of subscribers.
 */
export class FanOut {
  readonly #options: FanOutOptions;
  /** Channels that may have news. An array, because a set leaves outgrown tables behind with every turn. */
  #dirty: OpenChannel[] = [];
  readonly #coalescer: Coalescer;
  #turns = 0;

  constructor(options: FanOutOptions) {
    this.#options = options;
    this.#coalescer = new Coalescer(options.clock, (channel) => {
      if (channel.waiting === 'window') this.#schedule(channel);
    });
  }

  /**
   * The offset up to which every live cursor of the channel has been served for certain, even if
   * the latest fan-out was refused.
   */
  served(channel: OpenChannel): number {
    return channel.served(this.#turns);
  }

  /** The channel has news: they go out at the end of this turn, or after the window of its rule. */
  mark(channel: OpenChannel): void {
    if (channel.waiting === 'turn') return;
    if (channel.rule.coalesce === 0 || channel.news.length >= COALESCED_MESSAGES) this.#schedule(channel);
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
    this.#options.events.emit('delivered', { deliveries, bytes });
  }

  #sendJoined(channel: OpenChannel): void {
    const encoded: { audience: Readership; parts: readonly Part[] }[] = [];
    let count = channel.news.length;
    for (const audience of channel.audiences) {
      if (audience.live === 0) continue;
      const parts = audience.encode(channel.news);
      encoded.push({ audience, parts });
      if (count > 1) count = Math.min(count, countForOneTurn(parts, this.#options.fanout));
    }
    const messages = channel.takeNews(this.#turns, count);
    let bytes = 0;
    let deliveries = 0;
    for (const { audience, parts } of encoded) {
      bytes += this.#publish(audience, { messages, parts });
      deliveries += messages.length * audience.live;
    }
    this.#options.events.emit('delivered', { deliveries, bytes });
  }

  /** Publishes news to one audience. Returns the bytes of everything that its connections receive. */
  #publish({ wire, topic, prefix, live }: Readership, { messages, parts }: News): number {
    const { fanout } = this.#options;
    let bytes = 0;
    for (const frame of joinFrames(wire, { prefix, messages, parts }, batchedBytes(fanout))) {
      fanout.publish(topic, frame.bytes, wire.binary);
      bytes += frame.bytes.byteLength * live;
    }
    return bytes;
  }
}

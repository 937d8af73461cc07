import type { Push } from '@sluice/protocol';
import type { Wire } from '../protocols/protocol.ts';
import type { Fanout } from '../transport/connection.ts';
import { chain, type NowOrLater } from '../util/now-or-later.ts';
import type { KeyedChannel } from './keyed-channel.ts';
import type { KeyedChange, KeyedSource, KeyedSummary } from './keyed-log.ts';
import type { KeyedSubscription } from './keyed-subscription.ts';

/** The pushes of one kind of keyed log. */
export interface KeyedFormat<Value, Page extends KeyedSummary> {
  count(channel: string, summary: KeyedSummary): Push;
  /** @returns `null` if the changes have more than `maxBytes` bytes */
  changes(news: KeyedNews<Value>, maxBytes: number): readonly Push[] | null;
  list(channel: string, page: Page): readonly Push[];
  /** Number of values in a page. */
  length(page: Page): number;
}

/** Changes of a channel, and its summary after them. */
export interface KeyedNews<Value> {
  readonly channel: string;
  readonly summary: KeyedSummary;
  readonly changes: readonly KeyedChange<Value>[];
}

export interface KeyedFeedOptions<Value, Page extends KeyedSummary> {
  readonly source: KeyedSource<Page>;
  readonly format: KeyedFormat<Value, Page>;
  readonly fanout: Fanout;
  /** Maximum bytes of a list, and of the changes of one announcement. */
  readonly maxBytes: number;
  /** Called with the bytes of each announcement and list, times the connections that receive it. */
  readonly onSent: (channel: string, bytes: number) => void;
}

/** What was read for a subscription that is behind. */
export interface Known<Page extends KeyedSummary> {
  readonly summary: KeyedSummary;
  /** Absent: only the summary was read. */
  readonly page?: Page;
}

/** Lists that were encoded in this turn. */
interface EncodedList {
  readonly version: number;
  readonly frames: Map<Wire, readonly Uint8Array[]>;
}

/** Reads a keyed log, encodes what the view of a channel asks for, and sends it. */
export class KeyedFeed<Value, Page extends KeyedSummary> {
  readonly #options: KeyedFeedOptions<Value, Page>;
  readonly #encoded = new Map<string, EncodedList>();

  constructor(options: KeyedFeedOptions<Value, Page>) {
    this.#options = options;
  }

  /** Makes an announcement that the channel's view has begun. */
  announce(channel: KeyedChannel<Value>): NowOrLater<void> {
    return chain(this.#options.source.summary(channel.name), (summary) => this.#announce(channel, summary));
  }

  #announce(channel: KeyedChannel<Value>, summary: KeyedSummary): NowOrLater<void> {
    const plan = channel.view.plan(summary);
    if (plan.kind === 'changes') return this.#announceChanges(channel, summary, plan.changes);
    if (plan.kind === 'list') return this.#announceList(channel);
    if (plan.kind === 'count') this.#publish(channel, [this.#options.format.count(channel.name, summary)]);
  }

  #announceChanges(
    channel: KeyedChannel<Value>,
    summary: KeyedSummary,
    changes: readonly KeyedChange<Value>[],
  ): NowOrLater<void> {
    const { format, maxBytes } = this.#options;
    const pushes = format.changes({ channel: channel.name, summary, changes }, maxBytes);
    return pushes === null ? this.#announceList(channel) : this.#publish(channel, pushes);
  }

  #announceList(channel: KeyedChannel<Value>): NowOrLater<void> {
    return chain(this.#list(channel), (page) => {
      if (channel.view.planList(page)) this.#publish(channel, this.#options.format.list(channel.name, page));
    });
  }

  #list({ name, listUpTo }: KeyedChannel<Value>): NowOrLater<Page> {
    return this.#options.source.list(name, listUpTo + 1); // one more shows that there are too many
  }

  #publish({ name, audiences }: KeyedChannel<Value>, pushes: readonly Push[]): void {
    let bytes = 0;
    for (const { wire, topic, live } of audiences) {
      if (live === 0) continue;
      for (const frame of encode(wire, pushes)) {
        this.#options.fanout.publish(topic, frame, wire.binary);
        bytes += frame.byteLength * live;
      }
    }
    if (bytes > 0) this.#options.onSent(name, bytes);
  }

  /** Reads what a subscription that is behind needs. */
  read(channel: KeyedChannel<Value>): NowOrLater<Known<Page>> {
    if (channel.view.wanted === 'summary') {
      return chain(this.#options.source.summary(channel.name), (summary) => ({ summary }));
    }
    return chain(this.#list(channel), (page) => ({ summary: page, page }));
  }

  /** The work of sending what was read, in values. */
  workOf({ page }: Known<Page>): number {
    return page === undefined ? 0 : this.#options.format.length(page);
  }

  /**
   * Sends a subscription what was read for it; then it is live.
   *
   * @returns whether it has to be read for again
   */
  start(subscription: KeyedSubscription, channel: KeyedChannel<Value>, { summary, page }: Known<Page>): boolean {
    const admission = channel.view.admit(summary, channel.audiences.silent);
    if (admission === 'count') {
      this.#send(
        subscription,
        encode(subscription.subscriber.wire, [this.#options.format.count(channel.name, summary)]),
      );
    } else if (admission === 'list' && page !== undefined) {
      this.#send(subscription, this.#encodeList(subscription, page));
    }
    return admission === 'again' || (admission === 'list' && page === undefined);
  }

  #encodeList({ channel, subscriber: { wire } }: KeyedSubscription, page: Page): readonly Uint8Array[] {
    let encoded = this.#encoded.get(channel);
    if (encoded?.version !== page.version) {
      encoded = { version: page.version, frames: new Map() };
      this.#encoded.set(channel, encoded);
    }
    const frames = encoded.frames.get(wire) ?? encode(wire, this.#options.format.list(channel, page));
    encoded.frames.set(wire, frames);
    return frames;
  }

  #send(subscription: KeyedSubscription, frames: readonly Uint8Array[]): void {
    const bytes = frames.reduce((sum, { byteLength }) => sum + byteLength, 0);
    subscription.goLive(frames, bytes);
    this.#options.onSent(subscription.channel, bytes);
  }

  /** Forgets encoded lists at the end of a turn: they may be outdated by the next one. */
  forgetEncoded(): void {
    if (this.#encoded.size > 0) this.#encoded.clear();
  }
}

/** One frame for each push. */
function encode(wire: Wire, pushes: readonly Push[]): Uint8Array[] {
  return pushes.map((push) => {
    const frame = wire.encode([push]);
    return typeof frame === 'string' ? Buffer.from(frame) : frame;
  });
}

import type { Page } from '../engine/engine.ts';
import type { LoggedMessage } from '../engine/logged-message.ts';
import type { Part, Wire } from '../protocols/protocol.ts';
import type { Rule } from '../rule.ts';
import { SmallSet } from '../util/small-set.ts';
import { Audience, Audiences, prefixOf, type Variant, viewOf } from './audience.ts';
import { ChannelFilters, type FilterGroup } from './filters/channel-filters.ts';
import { LatestByKey } from './latest-by-key.ts';

/** Where a log ends. */
export type Head = Pick<Page, 'epoch' | 'head'>;

/** Live cursors of one channel that receive its messages in the same bytes. */
export class Readership extends Audience {
  readonly #channel: { readonly name: string; readonly epoch: string };
  #prefix: Part | undefined;

  constructor(wire: Wire, variant: Variant, channel: { readonly name: string; readonly epoch: string }) {
    super(wire, variant, `:${channel.name}`);
    this.#channel = channel;
  }

  /** What their pushes begin with, in the present epoch. Created with the first push: most channels are silent. */
  get prefix(): Part {
    const { name, epoch } = this.#channel;
    this.#prefix ??= prefixOf(this.variant, this.wire, { channel: name, epoch });
    return this.#prefix;
  }

  /** The log has begun a new life. */
  renew(): void {
    this.#prefix = undefined;
  }

  /** One message, as the frame that the transport publishes fastest. */
  single(message: LoggedMessage): Part {
    return this.wire.single(this.prefix, viewOf(this.variant, message));
  }

  encode(messages: readonly LoggedMessage[]): readonly Part[] {
    return messages.map((message) => this.wire.encodeMessage(viewOf(this.variant, message)));
  }
}

/**
 * A channel with subscriptions on this node. `Reader` is the type of the subscriptions: the channel
 * only stores them.
 */
export class Channel<Reader extends object = object> {
  readonly name: string;
  readonly rule: Rule;
  epoch: string;
  /** Offset of the newest message that the engine announced. */
  head: number;
  /** Offset of the newest message that was fanned out. */
  sent: number;
  #base: number;
  #fannedOutIn = -1;
  /** Announced, not yet fanned out: offsets `sent + 1` to `head`. */
  news: LoggedMessage[] = [];
  /** Where it waits for its fan-out: nowhere, for the end of its window (`coalesce`), or for the end of this turn. */
  waiting: 'no' | 'window' | 'turn' = 'no';
  /** Kept if slow readers skip to it by the rule. */
  readonly latest: LatestByKey | undefined;
  readonly cursors = new SmallSet<Reader>();
  readonly audiences = new Audiences((wire, variant) => new Readership(wire, variant, this));

  /** The filters of its cursors. Without any, nothing is compared. */
  filters: ChannelFilters | undefined;

  constructor(name: string, rule: Rule, { epoch, head }: Head) {
    this.name = name;
    this.rule = rule;
    this.latest = rule.slow === 'latest' ? new LatestByKey(rule.latestBy) : undefined;
    this.epoch = epoch;
    this.head = head;
    this.sent = head;
    this.#base = head;
  }

  /** The engine announced the message after the head. */
  announce(message: LoggedMessage): void {
    this.head = message.offset;
    this.news.push(message);
    this.latest?.keep(message);
  }

  /** `sent` as it stood before the latest fan-out. */
  get base(): number {
    return this.#base;
  }

  /** Takes the news if they are a single message, as for most channels in most turns. */
  takeOne(turn: number): LoggedMessage | undefined {
    const [message] = this.news;
    if (this.news.length !== 1) return undefined;
    this.news.pop();
    this.#base = this.sent++;
    this.#fannedOutIn = turn;
    return message;
  }

  /** Takes the oldest news, which count as sent in this turn from now on. */
  takeNews(turn: number, count: number): readonly LoggedMessage[] {
    const news = this.news;
    this.news = news.slice(count);
    this.#base = this.sent;
    this.#fannedOutIn = turn;
    this.sent += Math.min(count, news.length);
    return this.news.length === 0 ? news : news.slice(0, count);
  }

  /**
   * The offset up to which every live cursor has been served for certain, if the transport refused
   * something after the fan-out of `turn`: only that fan-out is in doubt, not those before it.
   */
  served(turn: number): number {
    return this.#fannedOutIn === turn ? this.#base : this.sent;
  }

  /** The filters of its cursors, of which there will be one. */
  openFilters(): ChannelFilters {
    this.filters ??= new ChannelFilters(this);
    return this.filters;
  }

  /** A cursor with a filter has ended. */
  releaseFilter(group: FilterGroup): void {
    this.filters?.release(group);
    if (this.filters?.size === 0) this.filters = undefined;
  }

  /** The log did not continue at the head: what was not fanned out is read from the log. */
  jump(epoch: string, head: number): void {
    this.epoch = epoch;
    this.head = head;
    this.sent = head;
    this.#base = head;
    this.news = [];
    this.latest?.clear();
    for (const audience of this.audiences) audience.renew();
    this.filters?.restart();
  }
}

import type { Position, StartingPoint } from '@sluice/protocol';
import type { Log } from '../engine/engine.ts';
import type { LoggedMessage } from '../engine/logged-message.ts';
import type { EventBus, Events } from '../events.ts';
import { Refusal } from '../refusal.ts';
import type { Rule } from '../rule.ts';
import type { Fanout } from '../transport/connection.ts';
import type { Clock } from '../util/clock.ts';
import { chain, type NowOrLater } from '../util/now-or-later.ts';
import type { Turn } from '../util/turn.ts';
import { PLAIN, type Variant } from './audience.ts';
import { ENGINE_RETRY } from './budgets.ts';
import type { Head } from './channel.ts';
import { ChannelOpener, type OpenChannel } from './channel-opener.ts';
import { Cursor, type CursorHost, type CursorReview } from './cursor.ts';
import { FanOut } from './fan-out.ts';
import { effectiveConditions } from './filters/enforced-filter.ts';
import { FilteredCursor } from './filters/filtered-cursor.ts';
import { isFiltered, variantFor } from './filters/filtered-variant.ts';
import type { Replayer } from './replay.ts';
import { type EndReason, gatewayEnding } from './standing.ts';
import type { Subscriber } from './subscriber.ts';

export interface HubOptions {
  readonly log: Log;
  readonly fanout: Fanout;
  readonly replayer: Replayer;
  readonly events: EventBus;
  readonly turn: Turn;
  readonly clock: Clock;
  /** Maximum distinct filters of one channel. Default: unlimited. */
  readonly mostFilters?: number;
}

/** What is subscribed to. */
export interface Target {
  readonly name: string;
  readonly rule: Rule;
  /** Default: messages as they are. */
  readonly variant?: Variant | undefined;
}

/**
 * The cursors of this node: opens them, passes the engine's announcements to the fan-out, and
 * decides when a cursor falls behind.
 */
export class Hub implements CursorHost {
  readonly #options: HubOptions;
  readonly #channels: ChannelOpener;
  readonly #fanOut: FanOut;
  readonly #overflowed = new Set<Subscriber>();

  constructor(options: HubOptions) {
    this.#options = options;
    this.#channels = new ChannelOpener(options.log);
    // It is unknown which of the cursors were served.
    this.#fanOut = new FanOut({ ...options, failed: (channel) => this.#resync(channel, channel.epoch, channel.head) });
  }

  /** Channels with subscriptions on this node. */
  get size(): number {
    return this.#channels.size;
  }

  /** The subscriptions of a channel on this node. */
  subscribers(channel: string): number {
    return this.#channels.get(channel)?.cursors.size ?? 0;
  }

  /** The channels with subscriptions on this node, by name, from this name on. */
  from(channel: string): Iterable<OpenChannel> {
    return this.#channels.from(channel);
  }

  /** Distinct filters of subscriptions on this node, summed over its channels. */
  get filters(): number {
    let filters = 0;
    for (const channel of this.#channels) filters += channel.filters?.size ?? 0;
    return filters;
  }

  /**
   * Opens a cursor.
   *
   * @returns the cursor, live or replaying, or a refusal if the channel has too many filters; a
   *   promise if the engine has to be asked
   */
  subscribe(subscriber: Subscriber, target: Target, start: StartingPoint): NowOrLater<Cursor | Refusal> {
    const { name, rule, variant } = target;
    return chain(this.#channels.open(name, rule), (channel) => this.#start({ subscriber, channel, variant }, start));
  }

  #start(reader: Reader, start: StartingPoint): NowOrLater<Cursor | Refusal> {
    return chain(
      this.#locate(reader.channel, start),
      (position) => this.#place(reader, position),
      (error) => {
        this.#closeIfUnused(reader.channel);
        throw error;
      },
    );
  }

  #place({ subscriber, channel, variant }: Reader, position: Position): NowOrLater<Cursor | Refusal> {
    if (this.#channels.get(channel.name) !== channel) {
      // Its last cursor left while the engine answered.
      return this.subscribe(subscriber, { name: channel.name, rule: channel.rule, variant }, { position });
    }
    const refusal = this.#refuseFilter(channel, variant);
    if (refusal !== null) {
      this.#closeIfUnused(channel);
      return refusal;
    }
    const cursor = this.#create({ subscriber, channel, variant }, position);
    // While the connection's buffer is full, the topic's messages would overtake the reply: then
    // the cursor waits for the drain.
    if (cursor.atHead && !cursor.ahead && !subscriber.connection.congested) cursor.goLive();
    else {
      this.#options.replayer.wake(subscriber);
      this.#reportReplaying(cursor, 'start');
    }
    return cursor;
  }

  #create({ subscriber, channel, variant = PLAIN }: Reader, position: Position): Cursor {
    const options = { subscriber, channel, host: this };
    return isFiltered(variant)
      ? new FilteredCursor({ ...options, variant }, position)
      : new Cursor({ ...options, variant }, position);
  }

  #refuseFilter({ name, filters }: OpenChannel, variant: Variant | undefined, leaving?: Variant): Refusal | null {
    const { mostFilters = Number.POSITIVE_INFINITY } = this.#options;
    if (variant?.filter === undefined || filters === undefined) return null;
    const full = filters.fullFor(variant.filter, mostFilters, leaving?.filter);
    return full === null ? null : new Refusal('too_many_filters', `the subscriptions of "${name}" have ${full}`);
  }

  #locate({ epoch, head, name, rule }: OpenChannel, { position, rewind, since }: StartingPoint): NowOrLater<Position> {
    const { log, clock } = this.#options;
    if (position !== undefined) return position;
    if (rewind !== undefined) {
      return chain(log.read(name, head, 0), ({ first }) => ({ epoch, offset: Math.max(first - 1, head - rewind) }));
    }
    if (since === undefined) return { epoch, offset: head };
    // Nobody knows which messages are that new: the gap covers them all. SPEC.md section 4.3.
    if (!keepsMessages(rule)) return { epoch, offset: since > clock.now() ? head : 0 };
    return chain(log.seek(name, since), (offset) => ({ epoch, offset }));
  }

  /** Closes a cursor. Does nothing if it has ended already. */
  unsubscribe(cursor: Cursor): void {
    const { channel } = cursor;
    cursor.leave();
    if (channel.filters === undefined) this.#fanOut.forgetFilters(channel);
    this.#closeIfUnused(channel);
  }

  reviewed(cursor: Cursor, { match: { rule, log }, identity, forced }: CursorReview): boolean {
    const { own, variant, channel } = cursor;
    const added = forced ?? variant.forced;
    if (log !== undefined && log !== channel.name) return false; // another bound channel has the messages now
    const all = effectiveConditions(own, rule, identity, added);
    if (all instanceof Refusal) return false;
    const next = variantFor(variant.sub, { own, all, alias: variant.alias, forced: added });
    if (next.key === variant.key) return true;
    if (this.#refuseFilter(channel, next, variant) !== null) return false;
    this.#replace(cursor, next);
    return true;
  }

  /** The subscription continues with another filter at the position that its client has. */
  #replace(cursor: Cursor, variant: Variant): void {
    const { subscriber, channel, skip } = cursor;
    if (cursor.state === 'live') this.#replay(cursor, 'filter');
    const { epoch, told, asked } = cursor;
    const next = this.#create({ subscriber, channel, variant }, { epoch, offset: told });
    next.asked = asked;
    next.skip = skip;
    this.unsubscribe(cursor);
    subscriber.standings.add(next); // in the place of the other
    this.#options.replayer.wake(subscriber);
  }

  end(cursor: Cursor, reason: EndReason, message?: string): void {
    const { subscriber, subject, channel, sent } = cursor;
    this.unsubscribe(cursor);
    this.#options.events.emit('unsubscribed', {
      connection: subscriber.connection.id,
      channel: subject.channel,
      log: channel.name,
      sub: subject.sub,
      end: sent,
      reason,
    });
    const ending = gatewayEnding(reason, message);
    if (ending !== null) subscriber.push({ type: 'unsubscribed', ...subject, ...ending });
  }

  #closeIfUnused(channel: OpenChannel): void {
    if (channel.cursors.size === 0) this.#channels.close(channel);
  }

  /** Receives an announcement of the engine. */
  deliver(name: string, epoch: string, message: LoggedMessage): void {
    const channel = this.#channels.get(name);
    if (channel === undefined) {
      this.#channels.note(name, epoch, message.offset);
      return;
    }
    if (epoch === channel.epoch && message.offset <= channel.head) return; // announced before
    if (epoch === channel.epoch && message.offset === channel.head + 1) {
      channel.announce(message);
      this.#fanOut.mark(channel);
    } else {
      this.#resync(channel, epoch, message.offset);
    }
  }

  /**
   * The feed of a channel was interrupted: only the log knows whether an announcement was missed.
   * If one was, the cursors continue from the log. If the log does not answer, it is asked again.
   */
  interrupted(name: string): void {
    const channel = this.#channels.get(name);
    if (channel === undefined) return;
    const { log, clock } = this.#options;
    const compare = ({ epoch, head }: Head): void => {
      if (this.#channels.get(name) !== channel) return;
      if (epoch !== channel.epoch || head > channel.head) this.#resync(channel, epoch, head);
    };
    void chain(log.read(name, channel.head, 0), compare, () => {
      clock.after(ENGINE_RETRY, () => this.interrupted(name));
    });
  }

  renewed(channel: OpenChannel, { epoch, head }: Head): void {
    this.#resync(channel, epoch, head);
  }

  /** The feed has a hole, or the log began a new epoch: every cursor continues from the log at its position. */
  #resync(channel: OpenChannel, epoch: string, head: number): void {
    for (const cursor of channel.cursors) {
      cursor.skip = undefined; // the messages to skip to are in the log, if they exist
      // The transport may still refuse the latest fan-out: it reports that later in the turn.
      if (cursor.state === 'live') this.#replay(cursor, 'feed');
      this.#options.replayer.wake(cursor.subscriber);
    }
    channel.jump(epoch, head);
  }

  #replay(cursor: Cursor, cause: Events['replaying']['cause']): void {
    cursor.fallBehind(this.#doubtful(cursor));
    cursor.subscriber.push({ type: 'replaying', ...cursor.subject });
    this.#reportReplaying(cursor, cause);
  }

  /** The turn whose fan-out may not have reached the connection. */
  #doubtful({ subscriber }: Cursor): number {
    return subscriber.connection.lossless === true ? NO_TURN : this.#fanOut.turn;
  }

  /** The transport refused something for this connection: noted now, handled at the end of the turn. */
  refused(subscriber: Subscriber): void {
    this.#overflowed.add(subscriber);
    this.#options.turn.schedule();
  }

  /** A connection has closed: nothing of it may be used any more. */
  forget(subscriber: Subscriber): void {
    this.#overflowed.delete(subscriber);
  }

  /** The end of a turn: connections that overflowed leave the fan-out first, then the news go out. */
  flush(): void {
    if (this.#overflowed.size > 0) this.#dropBehind();
    this.#fanOut.flush();
  }

  #dropBehind(): void {
    for (const subscriber of this.#overflowed) {
      let cursors = 0;
      for (const standing of subscriber.standings) if (standing.overflowed()) cursors++;
      this.#options.events.emit('overflowed', { connection: subscriber.connection.id, cursors });
    }
    this.#overflowed.clear();
  }

  overflowed(cursor: Cursor): boolean {
    const { channel, subscriber, state } = cursor;
    this.#options.replayer.wake(subscriber); // it may have drained since
    if (state !== 'live') return false;
    const { slow } = channel.rule;
    if (slow === 'disconnect') {
      cursor.fallBehind(this.#doubtful(cursor));
      subscriber.cutSlowReader();
      return true;
    }
    cursor.skip = slow === 'replay' ? undefined : slow;
    this.#replay(cursor, 'slow_reader');
    return true;
  }

  drained({ subscriber }: Cursor): void {
    this.#options.replayer.wake(subscriber);
  }

  #reportReplaying({ subscriber, channel }: Cursor, cause: Events['replaying']['cause']): void {
    const { name, rule } = channel;
    const { events } = this.#options;
    events.emit('replaying', { connection: subscriber.connection.id, channel: name, rule: rule.pattern.source, cause });
  }
}

/** Can the log of a channel have messages? A queue keeps those that are not settled. */
const keepsMessages = ({ history, queue }: Rule): boolean => history !== null || queue !== null;

/** Turns count from 0. */
const NO_TURN = -2;

/** For whom a cursor is opened, and on what. */
interface Reader {
  readonly subscriber: Subscriber;
  readonly channel: OpenChannel;
  readonly variant: Variant | undefined;
}

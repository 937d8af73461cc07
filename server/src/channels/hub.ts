import type { Position, StartingPoint } from '@sluice/protocol';
import type { Log, Page } from '../engine/engine.ts';
import type { LoggedMessage } from '../engine/logged-message.ts';
import type { EventBus, Events } from '../events.ts';
import type { Part } from '../protocols/protocol.ts';
import type { Rule } from '../rule.ts';
import type { Fanout } from '../transport/connection.ts';
import type { Clock } from '../util/clock.ts';
import type { Turn } from '../util/turn.ts';
import type { Audience } from './audience.ts';
import { ENGINE_RETRY } from './budgets.ts';
import { Channel } from './channel.ts';
import { Cursor } from './cursor.ts';
import { batchedBytes, bytesOf, countForOneTurn, joinFrames } from './frames.ts';
import type { Replayer } from './replay.ts';
import type { Subscriber } from './subscriber.ts';

export interface HubOptions {
  readonly log: Log;
  readonly fanout: Fanout;
  readonly replayer: Replayer;
  readonly events: EventBus;
  readonly turn: Turn;
  readonly clock: Clock;
}

type Head = Pick<Page, 'epoch' | 'head'>;

interface News {
  readonly messages: readonly LoggedMessage[];
  readonly parts: readonly Part[];
}

interface Encoded {
  readonly audience: Audience;
  readonly parts: readonly Part[];
}

/**
 * From channels to their cursors on this node.
 *
 * During a turn of the event loop it only collects the engine's announcements; at the turn's end each channel with news sends them all
 * as one frame per wire protocol, with one publish. So the work in JavaScript depends on the channels, not on their subscribers.
 */
export class Hub {
  readonly #options: HubOptions;
  readonly #channels = new Map<string, Channel>();
  /** Channels whose log is still being asked where it stands, and what was announced of them meanwhile. */
  readonly #opening = new Map<string, Promise<Channel>>();
  readonly #heard = new Map<string, Position>();
  /** Channels that may have news. An array: a set would leave a trail of outgrown tables behind with every turn. */
  #dirty: Channel[] = [];
  readonly #overflowed = new Set<Subscriber>();
  #turns = 0;

  constructor(options: HubOptions) {
    this.#options = options;
    options.replayer.onNewLife = (channel, { epoch, head }) => this.#resync(channel, epoch, head);
  }

  /** Channels that somebody on this node is subscribed to. */
  get size(): number {
    return this.#channels.size;
  }

  /**
   * Opens a cursor.
   *
   * @returns the cursor, live or replaying; as a promise where the engine has to be asked
   */
  subscribe(
    subscriber: Subscriber,
    target: { name: string; rule: Rule },
    start: StartingPoint,
  ): Cursor | Promise<Cursor> {
    const channel = this.#open(target.name, target.rule);
    if (channel instanceof Promise) return channel.then((opened) => this.#start(subscriber, opened, start));
    return this.#start(subscriber, channel, start);
  }

  #start(subscriber: Subscriber, channel: Channel, start: StartingPoint): Cursor | Promise<Cursor> {
    const position = this.#locate(channel, start);
    if (!(position instanceof Promise)) return this.#place(subscriber, channel, position);
    return position.then(
      (located) => this.#place(subscriber, channel, located),
      (error: unknown) => {
        this.#release(channel);
        throw error;
      },
    );
  }

  #place(subscriber: Subscriber, channel: Channel, position: Position): Cursor | Promise<Cursor> {
    if (this.#channels.get(channel.name) !== channel) {
      // Its last cursor left while the engine was asked.
      return this.subscribe(subscriber, channel, { position });
    }
    const cursor = new Cursor(subscriber, channel, position);
    // While the connection's buffer is full, a reply would come behind the messages of the topic: then it waits for the drain.
    if (cursor.atHead && !cursor.ahead && !subscriber.connection.congested) cursor.goLive();
    else {
      this.#options.replayer.wake(subscriber);
      this.#tellReplaying(cursor, 'start');
    }
    return cursor;
  }

  #locate(channel: Channel, { position, rewind, since }: StartingPoint): Position | Promise<Position> {
    const { epoch, head, name } = channel;
    if (position !== undefined) return position;
    if (rewind !== undefined) {
      const first = this.#options.log.read(name, head, 0);
      const back = (oldest: number): Position => ({ epoch, offset: Math.max(oldest - 1, head - rewind) });
      return first instanceof Promise ? first.then((page) => back(page.first)) : back(first.first);
    }
    if (since !== undefined) {
      const offset = this.#options.log.seek(name, since);
      return offset instanceof Promise ? offset.then((found) => ({ epoch, offset: found })) : { epoch, offset };
    }
    return { epoch, offset: head };
  }

  /** Ends a cursor. Does nothing when it has ended already. */
  unsubscribe(cursor: Cursor): void {
    cursor.end();
    this.#release(cursor.channel);
  }

  /** Closes a channel that nobody here is subscribed to any more. */
  #release(channel: Channel): void {
    if (channel.cursors.size > 0 || this.#channels.get(channel.name) !== channel) return;
    this.#channels.delete(channel.name);
    channel.news = [];
    this.#options.log.unwatch(channel.name);
  }

  #open(name: string, rule: Rule): Channel | Promise<Channel> {
    const channel = this.#channels.get(name) ?? this.#opening.get(name);
    if (channel !== undefined) return channel;
    const { log } = this.#options;
    const watching = log.watch(name);
    const page = watching instanceof Promise ? watching.then(() => log.read(name, 0, 0)) : log.read(name, 0, 0);
    if (!(page instanceof Promise)) return this.#add(new Channel(name, rule, page));
    return this.#openLater(name, rule, page);
  }

  #openLater(name: string, rule: Rule, page: Promise<Page>): Promise<Channel> {
    const opening = this.#findHead(name, page)
      .then((head) => this.#add(new Channel(name, rule, head)))
      .catch((error: unknown) => {
        this.#options.log.unwatch(name);
        throw error;
      })
      .finally(() => {
        this.#opening.delete(name);
        this.#heard.delete(name);
      });
    this.#opening.set(name, opening);
    return opening;
  }

  /** Where the log stands: as the page says, or as was announced while the page was on its way. */
  async #findHead(name: string, page: Page | Promise<Page>): Promise<Head> {
    const { epoch, head } = await page;
    const heard = this.#heard.get(name);
    if (heard === undefined) return { epoch, head };
    if (heard.epoch === epoch) return { epoch, head: Math.max(head, heard.offset) };
    this.#heard.delete(name); // two lives of the log: only the log can tell which is the newer
    return this.#findHead(name, this.#options.log.read(name, 0, 0));
  }

  #add(channel: Channel): Channel {
    this.#channels.set(channel.name, channel);
    return channel;
  }

  /** Takes an announcement of the engine. */
  deliver(name: string, epoch: string, message: LoggedMessage): void {
    const channel = this.#channels.get(name);
    if (channel === undefined) {
      if (this.#opening.has(name)) this.#heard.set(name, { epoch, offset: message.offset });
      return;
    }
    if (epoch === channel.epoch && message.offset <= channel.head) return; // announced before
    if (epoch === channel.epoch && message.offset === channel.head + 1) {
      channel.head = message.offset;
      channel.news.push(message);
      channel.newest?.keep(message);
      this.#markDirty(channel);
    } else {
      this.#resync(channel, epoch, message.offset);
    }
  }

  /**
   * The feed of a channel was interrupted: only the log can tell whether anything was missed. Where it was, the cursors read
   * on from the log; while the log cannot be asked, it is asked again.
   */
  interrupted(name: string): void {
    const channel = this.#channels.get(name);
    if (channel === undefined) return;
    const judge = ({ epoch, head }: Head) => {
      if (this.#channels.get(name) !== channel) return;
      if (epoch !== channel.epoch || head > channel.head) this.#resync(channel, epoch, head);
    };
    const { log, clock } = this.#options;
    const page = log.read(name, channel.head, 0);
    if (page instanceof Promise) page.then(judge, () => clock.after(ENGINE_RETRY, () => this.interrupted(name)));
    else judge(page);
  }

  /** The feed has a hole, or the log began a new life: every cursor reads on from the log, where it stands. */
  #resync(channel: Channel, epoch: string, head: number): void {
    for (const cursor of channel.cursors) {
      cursor.skip = undefined; // what would be skipped to is in the log, if anywhere
      if (cursor.state === 'live') {
        // The latest fan-out may still be refused: the transport tells a moment later.
        cursor.fallBehind(channel.served(this.#turns));
        cursor.subscriber.push({ type: 'replaying', channel: channel.name });
        this.#tellReplaying(cursor, 'feed');
      }
      this.#options.replayer.wake(cursor.subscriber);
    }
    channel.jump(epoch, head);
  }

  /** The transport refused something of this connection: noted now, dealt with at the turn's end. */
  overflowed(subscriber: Subscriber): void {
    this.#overflowed.add(subscriber);
    this.#options.turn.schedule();
  }

  /** A connection has gone: nothing of it may be touched any more. */
  forget(subscriber: Subscriber): void {
    this.#overflowed.delete(subscriber);
  }

  /** The end of a turn: first those who could not follow leave the fan-out, then the news go out. */
  flush(): void {
    if (this.#overflowed.size > 0) this.#dropBehind();
    if (this.#dirty.length === 0) return;
    this.#turns++;
    const count = this.#dirty.length;
    let done = 0;
    try {
      while (done < count) this.#serve(this.#dirty[done++] as Channel);
    } finally {
      // What came meanwhile; and after a mistake with one channel, all the others.
      this.#dirty = this.#dirty.slice(done);
      if (this.#dirty.length > 0) this.#options.turn.schedule();
    }
  }

  #serve(channel: Channel): void {
    channel.dirty = false;
    try {
      this.#fanOut(channel);
    } catch (error) {
      this.#resync(channel, channel.epoch, channel.head); // who of them was served, nobody knows
      throw error;
    }
    if (channel.news.length > 0) this.#markDirty(channel); // large messages wait for a turn of their own
  }

  #markDirty(channel: Channel): void {
    if (channel.dirty) return;
    channel.dirty = true;
    this.#dirty.push(channel);
    this.#options.turn.schedule();
  }

  #fanOut(channel: Channel): void {
    if (channel.news.length === 0) return; // its last cursor has gone, or all read on from the log
    const message = channel.takeOne(this.#turns);
    if (message === undefined) this.#fanOutJoined(channel);
    else this.#fanOutSingle(channel, message);
  }

  /** Most turns of most channels: nothing to join or to split. */
  #fanOutSingle(channel: Channel, message: LoggedMessage): void {
    let bytes = 0;
    let deliveries = 0;
    for (const { wire, topic, prefix, live } of channel.audiences) {
      if (live === 0) continue;
      const frame = wire.single(prefix, message);
      this.#options.fanout.publish(topic, frame, wire.binary);
      bytes += bytesOf(frame) * live;
      deliveries += live;
    }
    this.#options.events.emit('delivered', { deliveries, bytes });
  }

  #fanOutJoined(channel: Channel): void {
    const encoded: Encoded[] = [];
    let count = channel.news.length;
    for (const audience of channel.audiences) {
      if (audience.live === 0) continue;
      const parts = channel.news.map(audience.wire.encodeMessage);
      encoded.push({ audience, parts });
      if (count > 1) count = Math.min(count, countForOneTurn(parts, this.#options.fanout));
    }
    const messages = channel.takeNews(this.#turns, count);
    let bytes = 0;
    let deliveries = 0;
    for (const { audience, parts } of encoded) {
      bytes += this.#publish(channel, audience, { messages, parts });
      deliveries += messages.length * audience.live;
    }
    this.#options.events.emit('delivered', { deliveries, bytes });
  }

  /** Publishes news to those who share a wire protocol. Returns the bytes of all that they get. */
  #publish({ name, epoch }: Channel, { wire, topic, live }: Audience, { messages, parts }: News): number {
    const { fanout } = this.#options;
    let bytes = 0;
    for (const frame of joinFrames(wire, { channel: name, epoch, messages, parts }, batchedBytes(fanout))) {
      fanout.publish(topic, frame.bytes, wire.binary);
      bytes += frame.bytes.byteLength * live;
    }
    return bytes;
  }

  #dropBehind(): void {
    for (const subscriber of this.#overflowed) {
      let cursors = 0;
      for (const cursor of subscriber.cursors.values()) {
        if (cursor.state !== 'live') continue;
        cursors++;
        this.#fallBehind(cursor);
      }
      this.#options.events.emit('overflowed', { connection: subscriber.connection.id, cursors });
      this.#options.replayer.wake(subscriber); // it may have drained since
    }
    this.#overflowed.clear();
  }

  #fallBehind(cursor: Cursor): void {
    const { channel, subscriber } = cursor;
    const { slow } = channel.rule;
    cursor.fallBehind(channel.served(this.#turns));
    if (slow === 'disconnect') {
      subscriber.cutSlowReader();
      return;
    }
    cursor.skip = slow === 'replay' ? undefined : slow;
    subscriber.push({ type: 'replaying', channel: channel.name });
    this.#tellReplaying(cursor, 'slow_reader');
  }

  #tellReplaying({ subscriber, channel }: Cursor, cause: Events['replaying']['cause']): void {
    this.#options.events.emit('replaying', { connection: subscriber.connection.id, channel: channel.name, cause });
  }
}

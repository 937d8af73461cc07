import type { Position } from '@sluice/protocol';
import type { Log, Page } from '../engine/engine.ts';
import type { Rule } from '../rule.ts';
import { chain, type NowOrLater } from '../util/now-or-later.ts';
import { SortedList } from '../util/sorted-list.ts';
import { Channel, type Head } from './channel.ts';
import type { Cursor } from './cursor.ts';

/** A channel with the cursors on it. */
export type OpenChannel = Channel<Cursor>;

/**
 * The channels that are open on this node: the engine announces their messages, and it is known where their logs end.
 */
export class ChannelOpener implements Iterable<OpenChannel> {
  readonly #log: Log;
  readonly #open = new Map<string, OpenChannel>();
  /** By name, so that they can be read page by page. */
  readonly #ordered = new SortedList<OpenChannel>(({ name }) => name);
  /** Channels whose log is being asked where it ends. */
  readonly #pending = new Map<string, Promise<OpenChannel>>();
  /** The latest announcement of each pending channel. */
  readonly #announced = new Map<string, Position>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** How many channels are open. */
  get size(): number {
    return this.#open.size;
  }

  [Symbol.iterator](): Iterator<OpenChannel> {
    return this.#open.values();
  }

  get(name: string): OpenChannel | undefined {
    return this.#open.get(name);
  }

  /** The open channels by name, from this name on. They must not change during the iteration. */
  from(name: string): Iterable<OpenChannel> {
    return this.#ordered.from(name);
  }

  /**
   * Opens a channel, or returns the open one. A promise if the engine answers later; it rejects if
   * the engine cannot.
   */
  open(name: string, rule: Rule): NowOrLater<OpenChannel> {
    const channel = this.#open.get(name) ?? this.#pending.get(name);
    if (channel !== undefined) return channel;
    const page = chain(this.#log.watch(name), () => this.#readHead(name));
    return page instanceof Promise ? this.#openLater(name, rule, page) : this.#add(new Channel(name, rule, page));
  }

  /** Closes a channel; does nothing if it was closed already. */
  close(channel: OpenChannel): void {
    if (this.#open.get(channel.name) !== channel) return;
    this.#open.delete(channel.name);
    this.#ordered.delete(channel.name);
    channel.news = [];
    this.#log.unwatch(channel.name);
  }

  /** Notes an announcement: the answer of the engine to a pending channel may be older. */
  note(name: string, epoch: string, offset: number): void {
    if (this.#pending.has(name)) this.#announced.set(name, { epoch, offset });
  }

  #readHead(name: string): NowOrLater<Page> {
    return this.#log.read(name, 0, 0);
  }

  #add(channel: OpenChannel): OpenChannel {
    this.#open.set(channel.name, channel);
    this.#ordered.add(channel);
    return channel;
  }

  #openLater(name: string, rule: Rule, page: Promise<Page>): Promise<OpenChannel> {
    const pending = this.#findHead(name, page)
      .then((head) => this.#add(new Channel(name, rule, head)))
      .catch((error: unknown) => {
        this.#log.unwatch(name);
        throw error;
      })
      .finally(() => {
        this.#pending.delete(name);
        this.#announced.delete(name);
      });
    this.#pending.set(name, pending);
    return pending;
  }

  /** Where the log ends: as the page says, or as was announced while the page was read. */
  async #findHead(name: string, page: NowOrLater<Page>): Promise<Head> {
    const { epoch, head } = await page;
    const announced = this.#announced.get(name);
    if (announced === undefined) return { epoch, head };
    if (announced.epoch === epoch) return { epoch, head: Math.max(head, announced.offset) };
    this.#announced.delete(name); // two epochs: only the log knows which is newer
    return this.#findHead(name, this.#readHead(name));
  }
}

import { setTimeout } from 'node:timers/promises';
import { EngineUnavailable } from '../engine.ts';
import type { RedisAddress } from './connect.ts';
import { type Feed, type Listener, ServerFeed } from './feed.ts';
import { slotOf } from './slots.ts';

/** Knows which node has which slot. */
export interface SlotMap {
  /** `host:port` of the slot's master; `undefined` while unknown. */
  ownerOf(slot: number): string | undefined;
  /** Asks the cluster again. */
  refresh(): Promise<void>;
  /** Called when the map may have changed. */
  onRefresh: () => void;
}

export interface ClusterFeedOptions {
  readonly label: string;
  readonly slots: SlotMap;
  readonly nodeAt: (address: string) => RedisAddress;
  readonly beat: number;
}

/** Milliseconds before the map is asked for again. */
const CALM = 50;

interface Seat {
  readonly listener: Listener;
  address: string;
}

/** The feed of a cluster: sharded pub/sub, with one listening connection to each needed master. */
export class ClusterFeed implements Feed {
  readonly #options: ClusterFeedOptions;
  readonly #feeds = new Map<string, { feed: ServerFeed; connected: Promise<void> }>();
  readonly #seats = new Map<string, Seat>();
  #timer: NodeJS.Timeout | undefined;
  #refreshing = false;
  #closed = false;

  constructor(options: ClusterFeedOptions) {
    this.#options = options;
    options.slots.onRefresh = () => this.#reseat();
  }

  get trouble(): string | undefined {
    const used = new Set([...this.#seats.values()].map(({ address }) => address));
    for (const [address, { feed }] of this.#feeds)
      if (used.has(address) && feed.trouble !== undefined) return feed.trouble;
    return undefined;
  }

  async connect(): Promise<void> {
    this.#closed = false;
    await this.#options.slots.refresh();
    this.#timer = setInterval(() => {
      if (this.trouble !== undefined) void this.#refresh();
    }, this.#options.beat);
  }

  async subscribe(name: string, listener: Listener, options: { last?: boolean } = {}): Promise<void> {
    const address = this.#options.slots.ownerOf(slotOf(name)) ?? '';
    const seat = { listener, address };
    this.#seats.set(name, seat);
    try {
      await this.#listen(name, seat, options);
    } catch (error) {
      seat.address = ''; // tried again with the next map
      void this.#refresh();
      if (!options.last && this.#seats.get(name) === seat) this.#seats.delete(name);
      throw error;
    }
  }

  async #listen(name: string, seat: Seat, options: { last?: boolean }): Promise<void> {
    const { address, listener } = seat;
    if (address === '')
      throw new EngineUnavailable(`Redis, ${this.#options.label}: no node has this channel at the moment`);
    const { feed, connected } = this.#feedAt(address);
    await connected;
    // The subscription may have ended, or the slot may have moved.
    if (this.#seats.get(name) !== seat || seat.address !== address) return;
    await feed.subscribe(name, listener, options);
  }

  #feedAt(address: string): { feed: ServerFeed; connected: Promise<void> } {
    const known = this.#feeds.get(address);
    if (known !== undefined) return known;
    const feed = new ServerFeed(this.#options.nodeAt(address), { sharded: true, beat: this.#options.beat });
    feed.onMoved = () => this.#moved(address);
    const made = { feed, connected: feed.connect() };
    this.#feeds.set(address, made);
    made.connected.catch(() => this.#feeds.delete(address));
    return made;
  }

  unsubscribe(name: string): void {
    const seat = this.#seats.get(name);
    this.#seats.delete(name);
    if (seat !== undefined) this.#feeds.get(seat.address)?.feed.unsubscribe(name);
  }

  /**
   * A node reports that it no longer has a slot; the map has the new node. Until the map is
   * right, subscriptions retry slowly.
   */
  #moved(address: string): void {
    for (const seat of this.#seats.values()) if (seat.address === address) seat.address = '';
    void this.#refresh();
  }

  async #refresh(): Promise<void> {
    if (this.#refreshing) return;
    this.#refreshing = true;
    await setTimeout(CALM);
    await this.#options.slots.refresh().catch(() => {});
    this.#refreshing = false;
    if (this.#closed) return;
    this.#reseat();
  }

  /** Slots have moved, by hand or because a master failed: their subscriptions move to the new masters. */
  #reseat(): void {
    for (const [name, seat] of this.#seats) {
      const address = this.#options.slots.ownerOf(slotOf(name));
      if (address === undefined || address === seat.address) continue;
      this.#feeds.get(seat.address)?.feed.unsubscribe(name);
      seat.address = address;
      this.#listen(name, seat, { last: true }).then(
        () => seat.listener.restored(),
        () => {
          seat.address = ''; // tried again with the next map
        },
      );
    }
    this.#closeUnused();
  }

  #closeUnused(): void {
    const used = new Set([...this.#seats.values()].map(({ address }) => address));
    for (const [address, { feed }] of this.#feeds) {
      if (used.has(address) || feed.trouble === undefined) continue;
      feed.close();
      this.#feeds.delete(address);
    }
  }

  async sync(): Promise<void> {
    await Promise.all([...this.#feeds.values()].map(({ feed, connected }) => connected.then(() => feed.sync())));
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
    this.#seats.clear();
    for (const { feed } of this.#feeds.values()) feed.close();
    this.#feeds.clear();
  }
}

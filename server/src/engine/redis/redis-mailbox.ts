import type { Mailbox, MailboxListener, RespondingNode } from '../nodes.ts';
import type { Offers, StoredOffer } from './offers.ts';
import type { RedisNodesOptions } from './redis-nodes.ts';
import type { Shard } from './shard.ts';

export interface RedisMailboxParts extends RedisNodesOptions {
  readonly offers: Offers;
  readonly closed: () => void;
}

/** Stands where others have a channel's name; no channel is called so. */
const tagOf = (address: string): string => `!${address}`;

/** A feed that one node listens to, and a key that exists as long as the node lives. */
export class RedisMailbox implements Mailbox {
  readonly address: string;
  readonly #listener: MailboxListener;
  readonly #parts: RedisMailboxParts;
  #closed = false;

  constructor(address: string, listener: MailboxListener, parts: RedisMailboxParts) {
    this.address = address;
    this.#listener = listener;
    this.#parts = parts;
  }

  async open(): Promise<void> {
    await this.#shardOf(this.address).feed.subscribe(this.#feedOf(this.address), {
      message: (text) => this.#receive(text),
      restored: () => this.#listener.interrupted?.(),
    });
    await this.#renew();
  }

  /** @param text `from message` */
  #receive(text: string): void {
    const end = text.indexOf(' ');
    if (end > 0) this.#listener.received(text.slice(0, end), text.slice(end + 1));
  }

  /** @returns whether the lease had not expired */
  async #renew(): Promise<boolean> {
    const { commands } = this.#shardOf(this.address);
    return (await commands.call('set', this.#leaseOf(this.address), '1', 'PX', this.#parts.lease, 'GET')) !== null;
  }

  async beat(): Promise<void> {
    const isAlive = await this.#renew().catch(() => true); // Redis is away: see `restore`
    if (this.#closed) return;
    if (isAlive) await this.#parts.offers.beat();
    else await this.restore();
  }

  /** Other nodes may have taken this one for dead, or Redis lost its data: publishes all offers again. */
  async restore(): Promise<void> {
    await this.#renew().catch(() => {});
    this.#parts.offers.doubt();
    await this.#parts.offers.beat();
    if (!this.#closed) this.#listener.interrupted?.();
  }

  async offer(channel: string, capacity: number): Promise<void> {
    if (!this.#closed) await this.#parts.offers.offer(channel, capacity);
  }

  async responders(channel: string): Promise<readonly RespondingNode[]> {
    const { offers } = this.#parts;
    const stored = await offers.of(channel);
    const alive = await Promise.all(stored.map((offer) => this.#isAlive(offer)));
    for (const [at, offer] of stored.entries()) if (alive[at] === false) offers.forget(channel, offer).catch(() => {}); // the next reader does it
    return stored.flatMap(({ node, capacity }, at) => (alive[at] ? { node, capacity } : []));
  }

  async #isAlive({ node }: StoredOffer): Promise<boolean> {
    return (await this.#shardOf(node).commands.call('exists', this.#leaseOf(node))) === 1;
  }

  async send(address: string, message: string): Promise<boolean> {
    const { commands, publish } = this.#shardOf(address);
    const receivers = await commands.call(publish.toLowerCase(), this.#feedOf(address), `${this.address} ${message}`);
    return Number(receivers) > 0;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#parts.closed();
    const { commands, feed } = this.#shardOf(this.address);
    feed.unsubscribe(this.#feedOf(this.address));
    await this.#parts.offers.withdraw();
    await commands.call('del', this.#leaseOf(this.address)).catch(() => {}); // it expires
  }

  #shardOf(address: string): Shard {
    return this.#parts.shardOf(tagOf(address));
  }

  #feedOf(address: string): string {
    return this.#parts.keys.of(tagOf(address), 'mail');
  }

  #leaseOf(address: string): string {
    return this.#parts.keys.of(tagOf(address), 'lease');
  }
}

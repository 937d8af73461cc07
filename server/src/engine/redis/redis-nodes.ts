import type { Mailbox, MailboxListener, Nodes } from '../nodes.ts';
import { Offers } from './offers.ts';
import { RedisMailbox } from './redis-mailbox.ts';
import type { Keys, Shard } from './shard.ts';

export interface RedisNodesOptions {
  readonly shardOf: (channel: string) => Shard;
  readonly keys: Keys;
  /** Milliseconds by the clock of Redis, after which a silent node counts as dead. */
  readonly lease: number;
}

/**
 * Messages between nodes by pub/sub: each mailbox has a feed, and a lease that shows that it exists.
 * Who responds on a channel is a hash of that channel.
 */
export class RedisNodes implements Nodes {
  readonly #options: RedisNodesOptions;
  readonly #mailboxes = new Set<RedisMailbox>();

  constructor(options: RedisNodesOptions) {
    this.#options = options;
  }

  async open(address: string, listener: MailboxListener): Promise<Mailbox> {
    const closed = () => this.#mailboxes.delete(mailbox);
    const offers = new Offers(address, this.#options);
    const mailbox = new RedisMailbox(address, listener, { ...this.#options, offers, closed });
    await mailbox.open();
    this.#mailboxes.add(mailbox);
    return mailbox;
  }

  /** Renews the leases, and publishes offers that could not be published. */
  async beat(): Promise<void> {
    await Promise.all([...this.#mailboxes].map((mailbox) => mailbox.beat()));
  }

  /** Redis answers again, perhaps with less data. */
  async returned(): Promise<void> {
    await Promise.all([...this.#mailboxes].map((mailbox) => mailbox.restore()));
  }
}

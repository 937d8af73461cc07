import { nanoid } from 'nanoid';
import type { Shard } from './shard.ts';

export interface NodeLeaseOptions {
  readonly shard: Shard;
  readonly prefix: string;
  /** Milliseconds, by Redis' clock: the only clock that all nodes share. */
  readonly lease: number;
  /**
   * The lease expired: other nodes may have taken this node for dead. From now on it has a new
   * name.
   */
  readonly onLapsed: () => void;
  /** Removes a dead node's connections from a channel. */
  readonly reap: (channel: string, node: string) => Promise<void>;
}

/**
 * Renews a node's lease on one shard, and cleans up after nodes with an expired lease. A node with
 * an expired lease is dead under its name, even if it still runs. It claims its members again under
 * a new name, so that the cleanup of the old name does not affect them.
 */
export class NodeLease {
  readonly #options: NodeLeaseOptions;
  #node = nanoid(12);
  #registered: Promise<void> | undefined;
  #reaping = false;

  constructor(options: NodeLeaseOptions) {
    this.#options = options;
  }

  /** The name that owns the connections of this node. */
  get node(): string {
    return this.#node;
  }

  #key(name: string): string {
    return `${this.#options.prefix}node:${name}`;
  }

  get #nodes(): string {
    return `${this.#options.prefix}nodes`;
  }

  /**
   * Resolves when the other nodes can see this node. Must resolve before the node stores
   * connections.
   */
  register(): Promise<void> {
    this.#registered ??= this.#register().catch((error: unknown) => {
      this.#registered = undefined;
      throw error;
    });
    return this.#registered;
  }

  async #register(): Promise<void> {
    const { commands } = this.#options.shard;
    await commands.call('sadd', this.#nodes, this.#node);
    await this.#renew();
  }

  /** @returns whether the lease had not expired */
  async #renew(): Promise<boolean> {
    const { shard, lease } = this.#options;
    return (await shard.commands.call('set', this.#key(this.#node), '1', 'PX', lease, 'GET')) !== null;
  }

  /** Adds a channel to the list of channels in which the node has connections. */
  async enterChannel(channel: string): Promise<void> {
    await this.register();
    await this.#options.shard.commands.call('sadd', `${this.#key(this.#node)}:channels`, channel);
  }

  async leaveChannel(channel: string): Promise<void> {
    await this.#options.shard.commands.call('srem', `${this.#key(this.#node)}:channels`, channel);
  }

  /** Renews the lease. Called several times within a lease, and when Redis is back. */
  async beat(): Promise<void> {
    if (this.#registered === undefined) await this.register();
    else if (!(await this.#renew())) await this.#lapse();
    await this.#reapDead();
  }

  async #lapse(): Promise<void> {
    await this.#options.shard.commands.call('del', this.#key(this.#node));
    this.#node = nanoid(12);
    this.#registered = undefined;
    await this.register();
    this.#options.onLapsed();
  }

  async #reapDead(): Promise<void> {
    if (this.#reaping) return;
    this.#reaping = true;
    try {
      const nodes = (await this.#options.shard.commands.call('smembers', this.#nodes)) as string[];
      for (const node of nodes) if (node !== this.#node) await this.#reapIfDead(node);
    } finally {
      this.#reaping = false;
    }
  }

  async #reapIfDead(node: string): Promise<void> {
    const { shard, reap } = this.#options;
    if ((await shard.commands.call('exists', this.#key(node))) === 1) return;
    const index = `${this.#key(node)}:channels`;
    for (const channel of (await shard.commands.call('smembers', index)) as string[]) await reap(channel, node);
    await shard.commands.call('del', index);
    await shard.commands.call('srem', this.#nodes, node);
  }
}

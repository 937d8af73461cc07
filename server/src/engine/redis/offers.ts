import { nanoid } from 'nanoid';
import type { RespondingNode } from '../nodes.ts';
import { script } from './script.ts';
import type { Keys, Shard } from './shard.ts';

/** Milliseconds for which Redis keeps the offers of a channel. A node publishes its offers again in time. */
const KEPT = 3_600_000;
/** Beats after which all offers are published again: with a lease of 15 s, every 10 minutes. */
const REFRESH = 120;

/**
 * KEYS: 1 the offers for a channel (a hash by address). ARGV: 1 address, 2 capacity and a nonce; empty:
 * withdraws the offer, 3 milliseconds.
 */
const OFFER = script(`
if ARGV[2] == '' then return redis.call('HDEL', KEYS[1], ARGV[1]) end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])`);

/** Forgets the offer of a dead node, unless it has been made anew. KEYS: 1 as above. ARGV: 1 address, 2 the offer. */
const FORGET = script(`
if redis.call('HGET', KEYS[1], ARGV[1]) == ARGV[2] then redis.call('HDEL', KEYS[1], ARGV[1]) end`);

/** A node's offer as Redis has it. */
export interface StoredOffer extends RespondingNode {
  readonly text: string;
}

export interface OffersOptions {
  readonly shardOf: (channel: string) => Shard;
  readonly keys: Keys;
}

/** What one node offers on which channel, here and in Redis. */
export class Offers {
  readonly #address: string;
  readonly #options: OffersOptions;
  readonly #capacities = new Map<string, number>();
  /** Channels whose offer Redis may not have as it is. */
  readonly #unconfirmed = new Set<string>();
  #beats = 0;

  constructor(address: string, options: OffersOptions) {
    this.#address = address;
    this.#options = options;
  }

  /** Never rejects: what Redis does not confirm is published later. */
  async offer(channel: string, capacity: number): Promise<void> {
    if (capacity > 0) this.#capacities.set(channel, capacity);
    else this.#capacities.delete(channel);
    this.#unconfirmed.add(channel);
    await this.#publish(channel);
  }

  async #publish(channel: string): Promise<void> {
    const capacity = this.#capacities.get(channel) ?? 0;
    const text = capacity > 0 ? `${capacity} ${nanoid(8)}` : '';
    try {
      await this.#shard(channel).commands.run(OFFER, [this.#key(channel)], [this.#address, text, KEPT]);
    } catch {
      return;
    }
    if ((this.#capacities.get(channel) ?? 0) === capacity) this.#unconfirmed.delete(channel);
  }

  /** Publishes what is not confirmed, and everything now and then, because Redis forgets offers. */
  async beat(): Promise<void> {
    if (++this.#beats % REFRESH === 0) this.doubt();
    for (const channel of [...this.#unconfirmed]) await this.#publish(channel);
  }

  /** Redis may have lost the offers. */
  doubt(): void {
    for (const channel of this.#capacities.keys()) this.#unconfirmed.add(channel);
  }

  async withdraw(): Promise<void> {
    await Promise.all([...this.#capacities.keys()].map((channel) => this.offer(channel, 0)));
  }

  /** The offers of all nodes for a channel, of dead ones too. */
  async of(channel: string): Promise<readonly StoredOffer[]> {
    const answer = await this.#shard(channel).commands.call('hgetall', this.#key(channel));
    return Object.entries(answer as Record<string, string>).map(([node, text]) => ({
      node,
      capacity: Number.parseInt(text, 10),
      text,
    }));
  }

  /** The node is dead. */
  async forget(channel: string, { node, text }: StoredOffer): Promise<void> {
    await this.#shard(channel).commands.run(FORGET, [this.#key(channel)], [node, text]);
  }

  #shard(channel: string): Shard {
    return this.#options.shardOf(channel);
  }

  #key(channel: string): string {
    return this.#options.keys.of(channel, 'responders');
  }
}

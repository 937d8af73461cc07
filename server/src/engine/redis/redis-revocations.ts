import { AgeClock } from '../../util/age-clock.ts';
import type { Clock } from '../../util/clock.ts';
import type { Signal } from '../engine.ts';
import type { Revocation, RevocationStore, RevocationsPage } from '../revocations.ts';
import { script } from './script.ts';
import type { Keys, Shard } from './shard.ts';

/** KEYS: 1 feed of signals. ARGV: 1 the command that publishes to it, 2 the signal. */
const SIGNAL = script(`redis.call(ARGV[1], KEYS[1], ARGV[2])`);

/**
 * As above, and remembers. KEYS: 2 revocations, by the time until which they matter. ARGV: 3 that
 * time, 4 the revocation, 5 now.
 */
const ADD = script(`
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[4])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', ARGV[5])
redis.call(ARGV[1], KEYS[1], ARGV[2])`);

/**
 * A page of those in force: one more than is shown, so that it is known whether there are more. KEYS: 1
 * revocations. ARGV: 1 now, 2 the text after which it begins, 3 how many.
 *
 * One that is not there any more was over: then the page begins with the first in force.
 */
const PAGE = script(`
local over = redis.call('ZCOUNT', KEYS[1], '-inf', ARGV[1])
local rank = ARGV[2] ~= '' and redis.call('ZRANK', KEYS[1], ARGV[2])
local first = math.max(over, rank and rank + 1 or 0)
return redis.call('ZRANGE', KEYS[1], first, first + ARGV[3] - 1)`);

/** Stands where others have a channel's name; no channel is called so. */
const TAG = '!';

/** Revocations in a sorted set, and the signals to all nodes. Both are on one shard. */
export class RedisRevocations implements RevocationStore {
  readonly #shard: Shard;
  readonly #age: AgeClock;
  readonly #set: string;
  readonly #feed: string;
  #onSignal: (signal: Signal) => void = () => {};
  #missed = false;

  constructor({ shardOf, keys, clock }: { shardOf: (channel: string) => Shard; keys: Keys; clock: Clock }) {
    this.#shard = shardOf(TAG);
    this.#age = new AgeClock(clock);
    this.#set = keys.of(TAG, 'revocations');
    this.#feed = keys.of(TAG, 'signals');
  }

  /** Starts to receive signals. */
  listen(onSignal: (signal: Signal) => void): Promise<void> {
    this.#onSignal = onSignal;
    const listener = {
      message: (text: string) => onSignal(JSON.parse(text) as Signal),
      restored: () => {
        this.#missed = true;
        this.catchUp();
      },
    };
    return this.#shard.feed.subscribe(this.#feed, listener, { last: true });
  }

  /**
   * Signals may have been missed: every revocation in force is announced again, which is harmless.
   * Called when Redis answers again.
   */
  catchUp(): void {
    if (!this.#missed) return;
    this.#missed = false;
    this.all().then(
      (revocations) => {
        for (const revocation of revocations) this.#onSignal({ type: 'revoke', revocation });
      },
      () => {
        this.#missed = true;
      },
    );
  }

  async signal(signal: Signal): Promise<void> {
    const { commands, publish } = this.#shard;
    await commands.run(SIGNAL, [this.#feed], [publish, JSON.stringify(signal)]);
  }

  async add(revocation: Revocation): Promise<void> {
    const { commands, publish } = this.#shard;
    const signal: Signal = { type: 'revoke', revocation };
    const values = [publish, JSON.stringify(signal), revocation.until, JSON.stringify(revocation), this.#age.now()];
    await commands.run(ADD, [this.#feed, this.#set], values);
  }

  async all(): Promise<readonly Revocation[]> {
    const texts = await this.#shard.commands.call('zrangebyscore', this.#set, `(${this.#age.now()}`, '+inf');
    return (texts as string[]).map((text) => JSON.parse(text) as Revocation);
  }

  async page(after: string, limit: number): Promise<RevocationsPage> {
    const { commands } = this.#shard;
    const texts = (await commands.run(PAGE, [this.#set], [this.#age.now(), after, limit + 1])) as readonly string[];
    const shown = texts.slice(0, limit);
    const revocations = shown.map((text) => JSON.parse(text) as Revocation);
    const last = shown.at(-1);
    return last === undefined || texts.length <= limit ? { revocations } : { revocations, next: last };
  }
}

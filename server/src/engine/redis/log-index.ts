import { AgeClock } from '../../util/age-clock.ts';
import type { Clock } from '../../util/clock.ts';
import { mergeSorted } from '../../util/merge-sorted.ts';
import type { ChannelNames } from '../channel-names.ts';
import { script } from './script.ts';
import type { Keys, Shard } from './shard.ts';

const HOUR = 3_600_000;
/** Milliseconds after which a node notes a channel again. */
const RENEW = HOUR;
/** Milliseconds after which a name that no node has noted is looked at: every node has noted anew by then. */
const STALE = 24 * HOUR;
/** Channels that a node remembers to have noted; beyond, it notes them again. */
const MOST_NOTED = 100_000;
/** Names of one call of a script. */
const MOST_NAMES = 500;
/** Logs that one list looks at: each is one call of a script. */
const MOST_LISTED = 500;
/** Names that wait because Redis is away. */
const MOST_WAITING = 10_000;

/** Stands where others have a channel's name; no channel is called so. */
const TAG = '!';

/**
 * Notes names, and returns some that nobody has noted for long, twice as many: so the list shrinks faster
 * than it grows. KEYS: 1 the names, in their order; 2 the same by the time at which they were noted. ARGV: 1
 * now, 2 the time before which a name is stale, then the names.
 */
const NOTE = script(`
for at = 3, #ARGV do
  redis.call('ZADD', KEYS[1], 0, ARGV[at])
  redis.call('ZADD', KEYS[2], 'GT', ARGV[1], ARGV[at])
end
return redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', ARGV[2], 'LIMIT', 0, 2 * (#ARGV - 2))`);

/** Removes names, unless they were noted meanwhile. KEYS and ARGV as above. */
const FORGET = script(`
for at = 3, #ARGV do
  local noted = redis.call('ZSCORE', KEYS[2], ARGV[at])
  if not noted or tonumber(noted) <= tonumber(ARGV[2]) then
    redis.call('ZREM', KEYS[1], ARGV[at])
    redis.call('ZREM', KEYS[2], ARGV[at])
  end
end`);

/** Does a log hold a message? It does not open the log. KEYS: 1 meta, 2 messages. ARGV: 1 now. */
const HOLDS = script(`
local of = redis.call('HMGET', KEYS[1], 'c', 'a')
local newest = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)[1]
if not newest or not of[1] or tonumber(of[1]) < 0 then return 0 end
return tonumber(newest[2][2]) >= tonumber(ARGV[1]) - tonumber(of[2]) and 1 or 0`);

export interface LogIndexOptions {
  readonly shards: readonly Shard[];
  readonly shardOf: (channel: string) => Shard;
  readonly keys: Keys;
  readonly clock: Clock;
}

/**
 * The names of the channels with messages, on each shard. A script can only touch the keys of one slot, so
 * a node notes a channel beside its appends, again after a while, and names whose log has gone are removed
 * later. So a name may be there without its log, and a list looks at each log.
 */
export class LogIndex {
  readonly #options: LogIndexOptions;
  readonly #age: AgeClock;
  #noted = new Set<string>();
  #renewAt = 0;
  #waiting = new Set<string>();
  #isFlushing = false;

  constructor(options: LogIndexOptions) {
    this.#options = options;
    this.#age = new AgeClock(options.clock);
  }

  /** A message is about to be appended to the channel, and is kept. */
  note(channel: string): void {
    if (this.#options.clock.monotonic() >= this.#renewAt || this.#noted.size >= MOST_NOTED) this.#renew();
    if (this.#noted.has(channel)) return;
    this.#noted.add(channel);
    this.#wait([channel]);
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    setImmediate(() => this.flush());
  }

  #renew(): void {
    this.#noted = new Set();
    this.#renewAt = this.#options.clock.monotonic() + RENEW;
  }

  #wait(channels: readonly string[]): void {
    for (const channel of channels) {
      if (this.#waiting.size < MOST_WAITING) this.#waiting.add(channel);
      else this.#noted.delete(channel); // its next message notes it
    }
  }

  /** Sends what waits. */
  flush(): void {
    this.#isFlushing = false;
    if (this.#waiting.size === 0) return;
    const waiting = this.#waiting;
    this.#waiting = new Set();
    for (const [shard, channels] of this.#byShard(waiting)) {
      for (let at = 0; at < channels.length; at += MOST_NAMES) {
        void this.#note(shard, channels.slice(at, at + MOST_NAMES));
      }
    }
  }

  #byShard(channels: Iterable<string>): ReadonlyMap<Shard, readonly string[]> {
    const byShard = new Map<Shard, string[]>();
    for (const channel of channels) {
      const shard = this.#options.shardOf(channel);
      const known = byShard.get(shard);
      if (known === undefined) byShard.set(shard, [channel]);
      else known.push(channel);
    }
    return byShard;
  }

  async #note(shard: Shard, channels: readonly string[]): Promise<void> {
    try {
      const stale = (await this.#run(shard, NOTE, channels)) as readonly string[];
      if (stale.length > 0) await this.#sweep(shard, stale);
    } catch {
      this.#wait(channels); // Redis is away or full: once more with the next call
    }
  }

  /** Those whose log still holds messages are noted again, so that others get their turn. */
  async #sweep(shard: Shard, stale: readonly string[]): Promise<void> {
    const held = new Set(await this.#held(shard, stale));
    const gone = stale.filter((channel) => !held.has(channel));
    if (gone.length > 0) await this.#run(shard, FORGET, gone);
    this.#wait([...held]);
  }

  /** As `Log.channels`. */
  async channels(from: string, most: number): Promise<ChannelNames> {
    this.flush();
    const { names, upTo } = await this.#names(from, Math.min(most, MOST_LISTED));
    const held = await Promise.all([...this.#byShard(names)].map(([shard, channels]) => this.#held(shard, channels)));
    const listed = new Set(held.flat());
    return { channels: names.filter((name) => listed.has(name)), upTo };
  }

  /** The names of all shards, as far as they are known of each. */
  async #names(
    from: string,
    limit: number,
  ): Promise<{ readonly names: readonly string[]; readonly upTo: string | null }> {
    const range = [this.#keysOf()[0], from === '' ? '-' : `[${from}`, '+', 'LIMIT', 0, limit] as const;
    const read = async ({ commands }: Shard) => (await commands.call('zrangebylex', ...range)) as readonly string[];
    const lists = await Promise.all(this.#options.shards.map(read));
    const ends = lists.flatMap((list) => (list.length < limit ? [] : list.slice(-1)));
    const complete = ends.sort()[0] ?? null;
    const all = [...mergeSorted(lists)].filter((name) => complete === null || name <= complete);
    const names = all.slice(0, limit);
    return { names, upTo: all.length > limit ? (names.at(-1) ?? null) : complete };
  }

  /** Those of the channels whose log holds messages. */
  async #held(shard: Shard, channels: readonly string[]): Promise<readonly string[]> {
    const { keys } = this.#options;
    const now = this.#age.now();
    const isHeld = await Promise.all(
      channels.map((channel) => shard.commands.run(HOLDS, [keys.of(channel, 'meta'), keys.of(channel, 'log')], [now])),
    );
    return channels.filter((_, at) => isHeld[at] === 1);
  }

  #run(shard: Shard, of: ReturnType<typeof script>, channels: readonly string[]): Promise<unknown> {
    const now = this.#age.now();
    return shard.commands.run(of, this.#keysOf(), [now, now - STALE, ...channels]);
  }

  #keysOf(): readonly [names: string, times: string] {
    const { keys } = this.#options;
    return [keys.of(TAG, 'logs'), keys.of(TAG, 'logs-noted')];
  }
}

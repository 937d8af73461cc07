import { type Clock, systemClock } from '../../util/clock.ts';
import { type Engine, type EngineListener, EngineUnavailable, type Signal } from '../engine.ts';
import { ClusterFeed } from './cluster-feed.ts';
import { Commands } from './commands.ts';
import { clusterOf, serversOf } from './connect.ts';
import { ServerFeed } from './feed.ts';
import { RedisGroups } from './redis-groups.ts';
import { RedisLog } from './redis-log.ts';
import { RedisNodes } from './redis-nodes.ts';
import { REDIS_DEFAULTS, type RedisOptions } from './redis-options.ts';
import { RedisPresence } from './redis-presence.ts';
import { RedisRevocations } from './redis-revocations.ts';
import { adviceFor, readInfo, requireVersion } from './requirements.ts';
import { Ring } from './ring.ts';
import { Keys, type Shard } from './shard.ts';

/** Milliseconds within which every watched channel is looked at once, though nothing seems wrong. */
const CHECK = 60_000;

/** What is wanted of an engine besides the way to its Redis. */
export type RedisEngineOptions = Partial<RedisOptions> & { readonly clock?: Clock };

interface LabelledShard extends Shard {
  readonly label: string;
}

/** Logs, members and revocations in Redis: many gateways, one service. Valkey will do as well. */
export class RedisEngine implements Engine {
  readonly name = 'redis';
  readonly startsLater = true;
  readonly log: RedisLog;
  readonly presence: RedisPresence;
  readonly revocations: RedisRevocations;
  readonly nodes: RedisNodes;
  readonly groups: RedisGroups;
  readonly #options: RedisOptions;
  readonly #shards: readonly LabelledShard[];
  readonly #shardOf: (channel: string) => Shard;
  readonly #timers: NodeJS.Timeout[] = [];
  #listener: EngineListener = { deliver: () => {} };
  #started = false;
  #closed = false;

  constructor({ clock = systemClock, ...given }: RedisEngineOptions) {
    const options = { ...REDIS_DEFAULTS, ...given };
    this.#options = options;
    this.#shards = createShards(options);
    const ring = new Ring(new Map(this.#shards.map((shard) => [shard.label, shard])));
    const shardOf = (channel: string) => ring.find(channel);
    this.#shardOf = shardOf;
    const keys = new Keys(options.prefix);
    this.log = new RedisLog({ shards: this.#shards, shardOf, keys, clock });
    this.presence = new RedisPresence({ shards: this.#shards, shardOf, keys, clock, lease: options.lease });
    this.revocations = new RedisRevocations({ shardOf, keys, clock });
    this.nodes = new RedisNodes({ shardOf, keys, lease: options.lease });
    this.groups = new RedisGroups({ log: this.log, shardOf, keys, clock });
  }

  get trouble(): string | undefined {
    const troubles = this.#shards.flatMap(({ commands, feed }) => commands.trouble ?? feed.trouble ?? []);
    return troubles.length === 0 ? undefined : troubles.join('; ');
  }

  async start(listener: EngineListener): Promise<void> {
    this.#listener = listener;
    this.log.listener = listener;
    try {
      for (const shard of this.#shards) await this.#connect(shard);
      await this.revocations.listen((signal) => this.#listener.signal?.(signal));
    } catch (error) {
      this.#disconnect();
      throw error;
    }
    this.#started = true;
    void this.presence.beat();
    const beat = () => {
      void this.presence.beat();
      void this.nodes.beat();
      void this.groups.beat();
    };
    this.#timers.push(setInterval(beat, this.#options.lease / 3));
    this.#timers.push(setInterval(() => void this.#check(this.log.watched), CHECK));
  }

  async #connect(shard: LabelledShard): Promise<void> {
    const { commands, feed, label } = shard;
    if (this.#closed) throw new EngineUnavailable('the engine is closed');
    commands.onReady = () => this.#returned(shard);
    await commands.connect();
    const info = readInfo(String(await commands.call('info')));
    requireVersion(info, { label, cluster: this.#options.cluster });
    const advice = adviceFor(info, label);
    if (advice !== undefined) this.#listener.warn?.(advice);
    await feed.connect();
  }

  /**
   * Redis answers again, with all its data or less: this node's members are claimed again, and the
   * known heads are compared.
   */
  #returned(shard: Shard): void {
    if (!this.#started) return;
    this.log.doubt();
    void this.presence.beat();
    void this.nodes.returned();
    this.revocations.catchUp();
    void this.#check([...this.log.watched].filter((channel) => this.#shardOf(channel) === shard));
  }

  async #check(channels: Iterable<string>): Promise<void> {
    for (const channel of [...channels]) await this.log.check(channel).catch(() => {});
  }

  signal(signal: Signal): Promise<void> {
    return this.revocations.signal(signal);
  }

  /** Resolves when everything that happened before has been announced here. */
  async sync(): Promise<void> {
    do {
      this.log.flush();
      for (const { commands } of this.#shards) await commands.idle();
    } while (this.log.isAppending);
    for (const { feed } of this.#shards) await feed.sync();
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#timers) clearInterval(timer);
    this.presence.close();
    this.#disconnect();
  }

  #disconnect(): void {
    for (const { commands, feed } of this.#shards) {
      feed.close();
      commands.close();
    }
  }
}

function createShards(options: RedisOptions): readonly LabelledShard[] {
  if (options.cluster) return [createClusterShard(options)];
  return serversOf(options).map((server) => ({
    label: server.label,
    commands: new Commands(server.connect(), { label: server.label, patience: 3 * options.timeout }),
    feed: new ServerFeed(server, { beat: options.timeout }),
    publish: 'PUBLISH',
  }));
}

function createClusterShard(options: RedisOptions): LabelledShard {
  const { label, cluster, slots, nodeAt } = clusterOf(options);
  return {
    label,
    commands: new Commands(cluster, { label, patience: 3 * options.timeout }),
    feed: new ClusterFeed({ label, slots, nodeAt, beat: options.timeout }),
    publish: 'SPUBLISH',
  };
}

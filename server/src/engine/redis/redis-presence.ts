import type { Json } from '@sluice/protocol';
import { AgeClock } from '../../util/age-clock.ts';
import type { Clock, Timer } from '../../util/clock.ts';
import { SortedList } from '../../util/sorted-list.ts';
import { type ChannelNames, stretchOf } from '../channel-names.ts';
import type { EnterRequest, MemberConnection, PresenceChange, PresenceStore, Roster, RosterPage } from '../presence.ts';
import { LocalMembers } from './local-members.ts';
import { NodeLease } from './node-lease.ts';
import { ENTER, LEAVE, LIST, REAP, SETTLE } from './presence-scripts.ts';
import { readChange, readRoster } from './rosters.ts';
import type { Script } from './script.ts';
import type { Keys, Shard } from './shard.ts';
import { SharedReads } from './shared-reads.ts';

export interface RedisPresenceOptions {
  readonly shards: readonly Shard[];
  readonly shardOf: (channel: string) => Shard;
  readonly keys: Keys;
  readonly clock: Clock;
  readonly lease: number;
}

/**
 * Members in Redis: a set of keys for each channel, and a lease for each node that has members'
 * connections.
 */
export class RedisPresence implements PresenceStore {
  readonly #options: RedisPresenceOptions;
  readonly #leases = new Map<Shard, NodeLease>();
  readonly #local = new LocalMembers();
  readonly #reads = new SharedReads();
  /** Channels that this node's lease lists, or is about to list. */
  readonly #joined = new Map<string, Promise<void>>();
  /** The same, in the order of their names. */
  readonly #names = new SortedList<string>((name) => name);
  /** Watched channels, and when their subscription to the feed is open. */
  readonly #watched = new Map<string, Promise<void>>();
  readonly #timers = new Set<Timer>();
  /** Channels with an expired grace period that Redis has not ended. */
  readonly #overdue = new Map<string, number>();
  readonly #age: AgeClock;
  #changed: (change: PresenceChange) => void = () => {};
  #interrupted: (channel?: string) => void = () => {};
  #closed = false;

  constructor(options: RedisPresenceOptions) {
    this.#options = options;
    this.#age = new AgeClock(options.clock);
    for (const shard of options.shards) {
      const lease = new NodeLease({
        shard,
        prefix: options.keys.prefix,
        lease: options.lease,
        onLapsed: () => this.#claim(shard),
        reap: (channel, node) => this.#reap(channel, node),
      });
      this.#leases.set(shard, lease);
    }
  }

  start(changed: (change: PresenceChange) => void, interrupted: (channel?: string) => void = () => {}): void {
    this.#changed = changed;
    this.#interrupted = interrupted;
  }

  watch(channel: string): void {
    const listener = {
      message: (text: string) => this.#changed(readChange(channel, text)),
      restored: () => this.#interrupted(channel),
    };
    const { feed } = this.#options.shardOf(channel);
    // If it cannot be opened now, the feed opens it later and then reports an interruption.
    const opened = feed.subscribe(this.#feedName(channel), listener, { last: true }).catch(() => {});
    this.#watched.set(channel, opened);
  }

  unwatch(channel: string): void {
    this.#watched.delete(channel);
    this.#options.shardOf(channel).feed.unsubscribe(this.#feedName(channel));
  }

  async enter(request: EnterRequest): Promise<void> {
    const { channel } = request;
    this.#local.add(request);
    try {
      await this.#join(channel);
      await this.#enter(request);
    } catch (error) {
      // Redis may have carried out the request although its answer was lost.
      this.#local.delete(request);
      this.#local.removeLater(request);
      throw error;
    }
  }

  #enter(request: EnterRequest, again = ''): Promise<unknown> {
    const { channel, connection, user, info, withoutInfo, state } = request;
    const { node } = this.#leaseOf(channel);
    const { clock } = this.#options;
    const asJson = (value: Json | undefined): string => (value === undefined ? '' : JSON.stringify(value));
    const given = [withoutInfo ? 'none' : asJson(info), asJson(state)];
    return this.#run(channel, ENTER, [node, user, JSON.stringify(user), connection, ...given, again, clock.now()]);
  }

  /**
   * Other nodes clean up after a dead node in the channels that its lease lists. So the channel is
   * listed first.
   */
  #join(channel: string): Promise<void> {
    const joined = this.#joined.get(channel);
    if (joined !== undefined) return joined;
    const joining = this.#leaseOf(channel).enterChannel(channel);
    this.#joined.set(channel, joining);
    this.#names.add(channel);
    joining.catch(() => this.#forget(channel));
    return joining;
  }

  async leave(member: MemberConnection, grace: number): Promise<void> {
    const known = this.#local.has(member);
    this.#local.delete(member);
    const { channel, connection, user } = member;
    const { clock } = this.#options;
    const began = clock.monotonic();
    const till = grace > 0 ? this.#age.now() + grace : 0;
    try {
      await this.#joined.get(channel);
      await this.#run(channel, LEAVE, [user, connection, till]);
    } catch (error) {
      if (known) this.#local.removeLater(member);
      throw error;
    }
    if (this.#closed) return;
    if (till > 0) this.#settleIn(channel, { till, wait: began + grace - clock.monotonic() });
    else this.#part(channel);
  }

  #settleIn(channel: string, { till, wait }: { till: number; wait: number }): void {
    const timer = this.#options.clock.after(Math.max(0, wait), () => {
      this.#timers.delete(timer);
      void this.#settle(channel, till);
    });
    this.#timers.add(timer);
  }

  /** @param till has passed by the timer, even if the wall clock was set meanwhile */
  async #settle(channel: string, till: number): Promise<void> {
    try {
      await this.#run(channel, SETTLE, [], Math.max(till, this.#age.now()));
      this.#overdue.delete(channel);
      this.#part(channel);
    } catch {
      this.#overdue.set(channel, till);
    }
  }

  /** Removes a channel without local members from the lease. */
  #part(channel: string): void {
    if (!this.#local.isEmpty(channel) || !this.#forget(channel)) return;
    this.#leaseOf(channel)
      .leaveChannel(channel)
      .catch(() => {}); // an index with too many channels does no harm
  }

  #forget(channel: string): boolean {
    this.#names.delete(channel);
    return this.#joined.delete(channel);
  }

  channels(from: string, most: number): ChannelNames {
    return stretchOf(this.#names.from(from), { most, nameOf: (name) => name });
  }

  async roster(channel: string): Promise<Roster> {
    const { version, total, bytes } = await this.list(channel, 0, 0);
    return { version, total, bytes };
  }

  async list(channel: string, after: number, limit: number): Promise<RosterPage> {
    await this.#watched.get(channel); // so that this node receives changes after the list
    return this.#reads.share(`${channel} ${after} ${limit}`, async () =>
      readRoster(await this.#run(channel, LIST, [after, limit])),
    );
  }

  /**
   * Renews the lease on every shard that can be reached, and retries what failed while Redis was
   * away.
   */
  async beat(): Promise<void> {
    await Promise.allSettled([...this.#leases.values()].map((lease) => lease.beat()));
    for (const member of this.#local.takeUnconfirmed())
      await this.leave(member, 0).catch(() => this.#local.removeLater(member));
    for (const [channel, till] of this.#overdue) await this.#settle(channel, till);
  }

  /** Enters this node's members again: other nodes took it for dead, or Redis lost its data. */
  #claim(shard: Shard): void {
    for (const request of this.#local.all()) {
      if (this.#options.shardOf(request.channel) !== shard) continue;
      this.#joined.delete(request.channel);
    }
    for (const request of this.#local.all()) {
      if (this.#options.shardOf(request.channel) !== shard) continue;
      this.#join(request.channel)
        .then(() => (this.#local.has(request) ? this.#enter(request, 'again') : undefined))
        .catch(() => {}); // Redis is away again: the lease lapses again, and everything is claimed again
    }
  }

  async #reap(channel: string, node: string): Promise<void> {
    while ((await this.#run(channel, REAP, [node])) === 1);
  }

  #run(channel: string, script: Script, values: readonly (string | number)[], now = this.#age.now()): Promise<unknown> {
    const { keys, shardOf } = this.#options;
    const { commands, publish } = shardOf(channel);
    const names = ['room', 'members', 'order', 'due'].map((part) => keys.of(channel, part));
    return commands.run(script, names, [this.#feedName(channel), publish, now, ...values]);
  }

  #feedName(channel: string): string {
    return this.#options.keys.of(channel, 'presence');
  }

  #leaseOf(channel: string): NodeLease {
    const lease = this.#leases.get(this.#options.shardOf(channel));
    if (lease === undefined) throw new Error('a shard without a lease');
    return lease;
  }

  close(): void {
    this.#closed = true;
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }
}

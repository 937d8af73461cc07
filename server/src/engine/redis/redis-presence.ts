import { AgeClock } from '../../util/age-clock.ts';
import type { Clock, Timer } from '../../util/clock.ts';
import type { Entrant, PresenceChange, PresenceStore, Roster, RosterPage } from '../presence.ts';
import { type Attendee, Attendees } from './attendees.ts';
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

/** Members in Redis: a room for each channel, and a lease for each node that holds connections in it. */
export class RedisPresence implements PresenceStore {
  readonly #options: RedisPresenceOptions;
  readonly #leases = new Map<Shard, NodeLease>();
  readonly #attendees = new Attendees();
  readonly #reads = new SharedReads();
  /** Channels that this node's lease names, or is about to. */
  readonly #joined = new Map<string, Promise<void>>();
  /** Watched channels, and when their subscription stands. */
  readonly #watched = new Map<string, Promise<void>>();
  readonly #timers = new Set<Timer>();
  /** Channels in which somebody was waited for until now, and Redis could not be told. */
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
    // Where it cannot stand now, it stands later, and the watchers are told that they may have missed something.
    const standing = feed.subscribe(this.#feedName(channel), listener, { last: true }).catch(() => {});
    this.#watched.set(channel, standing);
  }

  unwatch(channel: string): void {
    this.#watched.delete(channel);
    this.#options.shardOf(channel).feed.unsubscribe(this.#feedName(channel));
  }

  async enter(entrant: Entrant): Promise<void> {
    const { channel } = entrant;
    this.#attendees.add(entrant);
    try {
      await this.#join(channel);
      await this.#enter(entrant);
    } catch (error) {
      // The answer may be lost, and the deed done.
      this.#attendees.delete(entrant);
      this.#attendees.undo(entrant);
      throw error;
    }
  }

  #enter({ channel, connection, user, info, state }: Entrant, again = ''): Promise<unknown> {
    const { node } = this.#leaseOf(channel);
    const { clock } = this.#options;
    const given = [info, state].map((value) => (value === undefined ? '' : JSON.stringify(value)));
    return this.#run(channel, ENTER, [node, user, JSON.stringify(user), connection, ...given, again, clock.now()]);
  }

  /** A dead node is cleaned up after where its lease names a channel: so it is named first. */
  #join(channel: string): Promise<void> {
    const joined = this.#joined.get(channel);
    if (joined !== undefined) return joined;
    const joining = this.#leaseOf(channel).enterChannel(channel);
    this.#joined.set(channel, joining);
    joining.catch(() => this.#joined.delete(channel));
    return joining;
  }

  async leave(place: Attendee, grace: number): Promise<void> {
    const known = this.#attendees.has(place);
    this.#attendees.delete(place);
    const { channel, connection, user } = place;
    const { clock } = this.#options;
    const began = clock.monotonic();
    const till = grace > 0 ? this.#age.now() + grace : 0;
    try {
      await this.#joined.get(channel);
      await this.#run(channel, LEAVE, [user, connection, till]);
    } catch (error) {
      if (known) this.#attendees.undo(place);
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

  /** @param till it has come by the timer, whatever has been done to the wall clock since */
  async #settle(channel: string, till: number): Promise<void> {
    try {
      await this.#run(channel, SETTLE, [], Math.max(till, this.#age.now()));
      this.#overdue.delete(channel);
      this.#part(channel);
    } catch {
      this.#overdue.set(channel, till);
    }
  }

  /** Nobody here is in the channel any more: the lease need not name it. */
  #part(channel: string): void {
    if (!this.#attendees.isEmpty(channel) || !this.#joined.delete(channel)) return;
    this.#leaseOf(channel)
      .leaveChannel(channel)
      .catch(() => {}); // an index that names too much does no harm
  }

  async roster(channel: string): Promise<Roster> {
    const { version, total, bytes } = await this.list(channel, 0, 0);
    return { version, total, bytes };
  }

  async list(channel: string, place: number, limit: number): Promise<RosterPage> {
    await this.#watched.get(channel); // so that what changes after it is heard
    return this.#reads.share(`${channel} ${place} ${limit}`, async () =>
      readRoster(await this.#run(channel, LIST, [place, limit])),
    );
  }

  /** A sign of life on every shard that can be reached; what could not be done while Redis was away is done now. */
  async beat(): Promise<void> {
    await Promise.allSettled([...this.#leases.values()].map((lease) => lease.beat()));
    for (const place of this.#attendees.takeUndone())
      await this.leave(place, 0).catch(() => this.#attendees.undo(place));
    for (const [channel, till] of this.#overdue) await this.#settle(channel, till);
  }

  /** This node was taken for dead, or Redis has forgotten it: all who are present through it are present still. */
  #claim(shard: Shard): void {
    for (const entrant of this.#attendees.all()) {
      if (this.#options.shardOf(entrant.channel) !== shard) continue;
      this.#joined.delete(entrant.channel);
    }
    for (const entrant of this.#attendees.all()) {
      if (this.#options.shardOf(entrant.channel) !== shard) continue;
      this.#join(entrant.channel)
        .then(() => (this.#attendees.has(entrant) ? this.#enter(entrant, 'again') : undefined))
        .catch(() => {}); // Redis is away again: so the lease lapses again
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

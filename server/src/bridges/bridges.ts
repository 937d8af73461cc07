import { isChannelName } from '@sluice/protocol';
import type { BridgeConfig } from '../bridge.ts';
import { ENGINE_RETRY } from '../channels/budgets.ts';
import type { Door } from '../channels/door.ts';
import { refuseUnavailable } from '../channels/refuse-unavailable.ts';
import type { Rules } from '../channels/rules.ts';
import type { Log } from '../engine/engine.ts';
import type { GroupStore } from '../engine/groups.ts';
import type { EventBus } from '../events.ts';
import { ruleOfGroup } from '../groups/group-names.ts';
import type { Groups } from '../groups/groups.ts';
import type { Rule } from '../rule.ts';
import type { Clock } from '../util/clock.ts';
import { importOptional } from '../util/optional-package.ts';
import { BridgeFeed, FeedLost } from './bridge-feed.ts';
import type { Bridge, BridgeFailure, BridgeHost, BridgesPackage, OnWait, OutboundFeed } from './bridge-host.ts';
import { BridgeLease, pause } from './bridge-lease.ts';
import { BridgeRecord, type BridgeStatus } from './bridge-status.ts';
import { LogCheckpoints } from './checkpoints.ts';
import { readEngineOrigin } from './engine-origin.ts';
import { InboundPublisher } from './inbound-publisher.ts';
import { RunningGroups } from './running-groups.ts';

export interface BridgesParts {
  readonly bridges: readonly BridgeConfig[];
  readonly log: Log;
  readonly door: Door;
  readonly rules: Rules;
  readonly groups: Groups | undefined;
  readonly store: GroupStore | undefined;
  readonly events: EventBus;
  readonly clock: Clock;
  /** May other nodes, or other processes of this one, use the same engine? */
  readonly isShared: boolean;
  /** Loads the bridges. Default: the package `@sluice/bridges`. */
  readonly load?: (() => Promise<BridgesPackage>) | undefined;
}

/** See `Bridge.run`. */
interface RunSignals {
  readonly stop: AbortSignal;
  readonly lost?: AbortSignal;
}

/** Not a literal, because the package is built after this one. */
const PACKAGE: string = '@sluice/bridges';

const SAME_ORIGIN =
  'This configuration has no bridge that sends: does another gateway have the same "origin"? Give each its own';

const loadPackage = (): Promise<BridgesPackage> =>
  importOptional('A bridge', PACKAGE, () => import(PACKAGE) as Promise<BridgesPackage>);

/** The bridges of this node. Each runs on the node that holds its lease, unless its broker spreads the messages. */
export class Bridges {
  readonly #parts: BridgesParts;
  readonly #stop = new AbortController();
  readonly #groups: RunningGroups;
  /** Those that this node holds, or waits for, by the name of the bridge. */
  readonly #leases = new Map<string, BridgeLease>();
  /** The name that the engine keeps; `undefined`: no bridge has needed it yet. */
  #engineOrigin: string | undefined;
  #records: readonly BridgeRecord[] = [];
  #loaded: readonly Bridge[] = [];
  #running: readonly Promise<void>[] = [];

  constructor(parts: BridgesParts) {
    this.#parts = parts;
    this.#groups = new RunningGroups(parts.bridges, parts.rules);
  }

  /** The rules of another configuration, for the bridges that run until the restart. */
  keepGroups(rules: readonly Rule[]): readonly Rule[] {
    return this.#groups.keptIn(rules);
  }

  /**
   * Loads the clients of all brokers. Connects to nothing: a broker that is away does not keep the
   * gateway from starting.
   *
   * @throws Error if a package is missing, with the command that installs it
   */
  async load(): Promise<void> {
    const { bridges, load = loadPackage } = this.#parts;
    if (bridges.length === 0) return;
    const { loadBridge } = await load();
    const records = bridges.map((config) => new BridgeRecord(config));
    this.#loaded = await Promise.all(records.map((record) => loadBridge(record.config, this.#hostOf(record))));
    this.#records = records;
  }

  /** Begins to run the bridges, once the engine has started. */
  run(): void {
    this.#running = this.#records.map((record, at) => this.#supervise(record, this.#loaded[at] as Bridge));
  }

  /** Stops all bridges: what was read is published and acknowledged, or read again. */
  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#running);
  }

  /** What this node knows about its bridges. */
  status(): Promise<readonly BridgeStatus[]> {
    return Promise.all(this.#records.map(async (record) => record.status(await this.#lagOf(record))));
  }

  async #lagOf({ config, state }: BridgeRecord): Promise<number | null> {
    const { store } = this.#parts;
    if (config.direction === 'in' || state === 'standby' || store === undefined) return null;
    const target = this.#groups.of(config.name);
    try {
      const { head, floor } = await store.stats(target.ref, target.rule.delivery);
      return head - floor;
    } catch {
      return null; // the engine is away; its own metrics show that
    }
  }

  /** Runs a bridge whenever this node holds its lease. */
  async #supervise(record: BridgeRecord, bridge: Bridge): Promise<void> {
    try {
      if (this.#parts.isShared && bridge.spreads !== true) await this.#runWithLease(record, bridge);
      else await this.#run(record, bridge, { stop: this.#stop.signal });
      if (record.state !== 'failed') this.#move(record, 'stopped');
    } catch (error) {
      this.#parts.events.emit('fault', { where: `bridge "${record.config.name}"`, error });
      this.#move(record, 'failed', 'a fault in the bridge; see the log');
    }
  }

  async #runWithLease(record: BridgeRecord, bridge: Bridge): Promise<void> {
    const { log, clock } = this.#parts;
    const { signal: stopped } = this.#stop;
    const { name } = record.config;
    const lease = new BridgeLease({ log, clock, bridge: name });
    this.#leases.set(name, lease);
    while (await lease.acquire(stopped)) {
      const lost = lease.hold();
      try {
        await this.#run(record, bridge, { stop: AbortSignal.any([stopped, lost]), lost });
      } finally {
        await lease.release(); // also after a fault: another node can run it
      }
      if (record.state === 'failed') return;
      if (!stopped.aborted) this.#move(record, 'standby');
    }
  }

  async #run({ config }: BridgeRecord, bridge: Bridge, { stop, lost }: RunSignals): Promise<void> {
    if (config.direction === 'out') await this.#createGroup(config.name, stop);
    if (config.origin === undefined) await this.#findOrigin(stop);
    await bridge.run(stop, lost);
  }

  /** The consumer group begins now, not when the broker is there: nothing that is published is missed. */
  async #createGroup(name: string, signal: AbortSignal): Promise<void> {
    const { store, clock } = this.#parts;
    const { ref, rule } = this.#groups.of(name);
    while (!signal.aborted) {
      try {
        await store?.settle(ref, rule.delivery, [], { type: 'ack' });
        return;
      } catch (error) {
        refuseUnavailable(error);
        await pause(clock, ENGINE_RETRY, signal);
      }
    }
  }

  async #findOrigin(signal: AbortSignal): Promise<void> {
    const { log, clock } = this.#parts;
    while (!signal.aborted && this.#engineOrigin === undefined) {
      this.#engineOrigin = await readEngineOrigin({ log, clock });
      if (this.#engineOrigin === undefined) await pause(clock, ENGINE_RETRY, signal);
    }
  }

  /** Otherwise nothing can come back. */
  get #sends(): boolean {
    return this.#parts.bridges.some(({ direction }) => direction === 'out');
  }

  #originOf({ name, origin = this.#engineOrigin }: BridgeConfig): string {
    if (origin === undefined) throw new Error(`the bridge "${name}" does not run yet`);
    return origin;
  }

  /** A name that is not valid has no copies, and is not remembered. */
  #copiesOf(channel: string): readonly string[] {
    if (!isChannelName(channel)) return [];
    return this.#parts.rules.match(channel)?.bound.map((copy) => copy.channel) ?? [];
  }

  #hostOf(record: BridgeRecord): BridgeHost {
    const { clock, events, log } = this.#parts;
    const { name } = record.config;
    return {
      clock,
      origin: () => this.#originOf(record.config),
      copiesOf: (channel) => this.#copiesOf(channel),
      maxPayload: () => this.#parts.rules.maxPayload,
      checkpoints: new LogCheckpoints({ log, clock, bridge: name }),
      random: Math.random,
      publish: this.#publisherOf(record.config),
      openFeed: (onWait) => this.#openFeed(name, onWait),
      count: (outcome, count, why) => {
        record.count(outcome, count);
        const isOdd = outcome === 'returned' && !this.#sends;
        events.emit('bridgeCounted', {
          ...{ bridge: name, outcome, count },
          ...(why !== undefined && { why: isOdd ? `${why}. ${SAME_ORIGIN}` : why }),
          ...(isOdd && { isOdd }),
        });
      },
      moved: (state, error, failure) => this.#move(record, state, error, failure),
    };
  }

  #publisherOf(config: BridgeConfig): BridgeHost['publish'] {
    const { door, log } = this.#parts;
    if (config.direction === 'out') return () => Promise.reject(new Error('an outbound bridge does not publish'));
    const { name, dedupe, poison } = config;
    const publisher = new InboundPublisher({ door, log, bridge: name, dedupe, stops: poison.kind === 'stop' });
    return (messages) => publisher.publish(messages);
  }

  /** Two nodes that both read a feed would share its messages, and a broker that knows the order drops the late ones. */
  async #openFeed(name: string, onWait?: OnWait): Promise<OutboundFeed> {
    const { groups, store } = this.#parts;
    if (groups === undefined || store === undefined) throw new Error('the engine has no consumer groups');
    if ((await this.#leases.get(name)?.isHeld()) === false) throw new FeedLost('another node runs the bridge now');
    const target = this.#groups.of(name);
    const { channel, group } = target.ref;
    if (ruleOfGroup(this.#parts.rules.match(channel)?.rule.groups ?? [], group) === undefined)
      throw new Error(`no rule with history matches "${channel}" since the configuration was reloaded`);
    return BridgeFeed.open({ groups, store, target, ...(onWait && { onWait }) });
  }

  #move(
    record: BridgeRecord,
    state: BridgeRecord['state'],
    error?: string,
    { isOver = true, logged = error }: BridgeFailure = {},
  ): void {
    if (record.state === state && error === undefined) return;
    record.state = state;
    if (error !== undefined) record.failed(error, this.#parts.clock.now(), isOver);
    else if (state === 'running' || state === 'standby') record.recovered();
    const { name, system, direction } = record.config;
    this.#parts.events.emit('bridgeMoved', {
      bridge: name,
      system,
      direction,
      state,
      ...(logged && { error: logged }),
    });
  }
}

import { channelNameFault, type Json, matchPattern, parsePattern } from '@sluice/protocol';
import { SUBSCRIPTIONS } from '../channels/cursor.ts';
import type { Hub } from '../channels/hub.ts';
import type { Rules } from '../channels/rules.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { ChannelNames, Log } from '../engine/engine.ts';
import type { EventBus } from '../events.ts';
import type { Presence } from '../presence/presence.ts';
import type { Registered, Registry } from '../session/registry.ts';
import type { Clock } from '../util/clock.ts';
import { mergeSorted } from '../util/merge-sorted.ts';
import { VERSION } from '../util/version.ts';
import { LastSeen } from './last-seen.ts';
import { type LocalPage, localPage, MOST_SEEN } from './pages.ts';
import type { ConnectionStatus, NodeStatus, NodeTotals } from './types.ts';

export interface LocalNodeParts {
  readonly cluster: Cluster;
  readonly hub: Hub;
  readonly rules: Rules;
  readonly log: Pick<Log, 'channels'>;
  readonly presence: Pick<Presence, 'channels'>;
  readonly registry: Registry;
  readonly events: EventBus;
  readonly clock: Clock;
  /** This node's name. */
  readonly node: string;
  readonly engine: { readonly name: string; readonly trouble?: string | undefined };
  readonly totals: () => Promise<NodeTotals>;
}

export interface ChannelsQuestion {
  readonly pattern: string;
  readonly after: string;
  readonly limit: number;
}

/** A channel as one node knows it. */
export interface LocalChannel {
  readonly channel: string;
  readonly subscribers: number;
}

export interface ConnectionsQuestion {
  readonly after: string;
  readonly limit: number;
  readonly user?: string;
  readonly node?: string;
  readonly slow?: boolean;
}

/** A user as one node knows them. */
export interface LocalUser {
  readonly connections: readonly ConnectionStatus[];
  /** More connections than these. */
  readonly more: number;
  readonly channels: readonly string[];
  readonly lastSeen: number | null;
}

/** Channels of a user that are reported. */
export const MOST_CHANNELS = 1_000;
/** Connections of a user that a node reports. */
const MOST_CONNECTIONS = 1_000;

/** Reports what this node knows, to whichever node is asked for it. */
export class LocalNode {
  readonly #parts: LocalNodeParts;
  readonly #lastSeen: LastSeen;
  readonly #started: number;
  #isDraining = false;

  constructor(parts: LocalNodeParts) {
    this.#parts = parts;
    this.#started = parts.clock.monotonic();
    this.#lastSeen = new LastSeen(parts.events, parts.clock);
    parts.events.on('draining', () => {
      this.#isDraining = true;
    });
    const { cluster } = parts;
    cluster.answer('status', () => this.#status());
    cluster.answer('channels', (question) => this.#channels(question as unknown as ChannelsQuestion));
    cluster.answer('channel', (channel) => this.#channel(channel));
    cluster.answer('connections', (question) => this.#connections(question as unknown as ConnectionsQuestion));
    cluster.answer('user', (user) => this.#user(user));
  }

  async #status(): Promise<NodeStatus> {
    const { node, engine, registry, hub, clock, totals } = this.#parts;
    return {
      node,
      version: VERSION,
      state: this.#isDraining ? 'draining' : 'running',
      engine: engine.name,
      ...(engine.trouble === undefined ? {} : { trouble: engine.trouble }),
      uptime: Math.round(clock.monotonic() - this.#started),
      pid: process.pid,
      connections: registry.size,
      users: registry.users.size,
      channels: hub.size,
      memory: process.memoryUsage.rss(),
      busy: Math.round(performance.eventLoopUtilization().utilization * 1_000) / 1_000,
      totals: await totals(),
    };
  }

  /** Those with subscriptions or members on this node, or with messages in the log. */
  async #channels({ pattern, after, limit }: ChannelsQuestion): Promise<LocalPage<LocalChannel>> {
    const { hub, log, presence } = this.#parts;
    const wanted = parsePattern(pattern);
    const prefix = literalPrefix(pattern);
    const from = after > prefix ? after : prefix;
    const most = Math.min(MOST_SEEN, limit * NAMES_PER_ENTRY);
    const lists = await Promise.all([presence.channels(from, most), log.channels?.(from, most) ?? NO_NAMES]);
    const names = mergeSorted([namesOf(hub.from(from)), ...lists.map(({ channels }) => channels)]);
    return localPage(names, {
      after,
      limit,
      keyOf: (name) => name,
      show: (name) => (matchPattern(wanted, name) === null || !this.#exists(name) ? null : this.#channel(name)),
      isPast: (name) => !name.startsWith(prefix),
      completeTo: leastOf(lists.map(({ upTo }) => upTo)),
    });
  }

  /** Not a log of the gateway itself, nor one that a rule before the last reload has left. */
  #exists(name: string): boolean {
    return channelNameFault(name) === null && this.#parts.rules.match(name) !== null;
  }

  #channel(channel: Json): LocalChannel {
    const name = String(channel);
    return { channel: name, subscribers: this.#parts.hub.subscribers(name) };
  }

  #connections({ after, limit, user, node, slow }: ConnectionsQuestion): LocalPage<ConnectionStatus> {
    if (node !== undefined && node !== this.#parts.node) return { entries: [], upTo: null };
    const { registry } = this.#parts;
    const sessions = user === undefined ? registry.from(after) : registry.users.all(user).toSorted(byId);
    return localPage(sessions, {
      after,
      limit,
      keyOf: ({ connection }) => connection.id,
      show: (session) => (slow === undefined || slow === session.connection.congested ? this.#show(session) : null),
    });
  }

  #show(session: Registered): ConnectionStatus {
    const { connection, identity, openedAt, standings } = session;
    const { clock, node } = this.#parts;
    return {
      id: connection.id,
      node,
      user: identity.user,
      address: connection.address,
      protocol: connection.protocol,
      since: Math.round(clock.now() - (clock.monotonic() - openedAt)),
      subscriptions: standings.of(SUBSCRIPTIONS).size,
      buffered: connection.buffered,
      slow: connection.congested,
    };
  }

  #user(user: Json): LocalUser {
    const name = String(user);
    const sessions = this.#parts.registry.users.all(name).toSorted(byId);
    const channels = new Set(
      sessions.flatMap(({ standings }) =>
        [...standings.of(SUBSCRIPTIONS).values()].map((cursor) => cursor.channelName),
      ),
    );
    return {
      connections: sessions.slice(0, MOST_CONNECTIONS).map((session) => this.#show(session)),
      more: Math.max(0, sessions.length - MOST_CONNECTIONS),
      channels: [...channels].sort().slice(0, MOST_CHANNELS),
      lastSeen: sessions.length > 0 ? this.#parts.clock.now() : this.#lastSeen.of(name),
    };
  }
}

const byId = (a: Registered, b: Registered): number => (a.connection.id < b.connection.id ? -1 : 1);

/** Names that are read for each entry of a page, because some do not match. */
const NAMES_PER_ENTRY = 20;
const NO_NAMES: ChannelNames = { channels: [], upTo: null };

function* namesOf(channels: Iterable<{ readonly name: string }>): Generator<string, void> {
  for (const { name } of channels) yield name;
}

const leastOf = (keys: readonly (string | null)[]): string | null =>
  keys.reduce((least, key) => (least === null || (key !== null && key < least) ? key : least), null);

/** What the names of all channels of the pattern begin with. */
function literalPrefix(pattern: string): string {
  const wildcard = pattern.indexOf('*');
  return wildcard === -1 ? pattern : pattern.slice(0, wildcard);
}

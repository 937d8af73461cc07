import { type Json, matchPattern, parsePattern } from '@sluice/protocol';
import { SUBSCRIPTIONS } from '../channels/cursor.ts';
import type { Hub } from '../channels/hub.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { EventBus } from '../events.ts';
import type { Registered, Registry } from '../session/registry.ts';
import type { Clock } from '../util/clock.ts';
import { VERSION } from '../util/version.ts';
import { LastSeen } from './last-seen.ts';
import { type LocalPage, localPage } from './pages.ts';
import type { ConnectionStatus, NodeStatus, NodeTotals } from './types.ts';

export interface LocalNodeParts {
  readonly cluster: Cluster;
  readonly hub: Hub;
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

  #channels({ pattern, after, limit }: ChannelsQuestion): LocalPage<LocalChannel> {
    const wanted = parsePattern(pattern);
    const prefix = literalPrefix(pattern);
    return localPage(this.#parts.hub.from(after > prefix ? after : prefix), {
      after,
      limit,
      keyOf: ({ name }) => name,
      show: ({ name, cursors }) =>
        matchPattern(wanted, name) === null ? null : { channel: name, subscribers: cursors.size },
      isPast: ({ name }) => !name.startsWith(prefix),
    });
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
      channels: [...channels].sort().slice(0, MOST_CHANNELS),
      lastSeen: sessions.length > 0 ? this.#parts.clock.now() : this.#lastSeen.of(name),
    };
  }
}

const byId = (a: Registered, b: Registered): number => (a.connection.id < b.connection.id ? -1 : 1);

/** What the names of all channels of the pattern begin with. */
function literalPrefix(pattern: string): string {
  const wildcard = pattern.indexOf('*');
  return wildcard === -1 ? pattern : pattern.slice(0, wildcard);
}

import { type Json, unknownChannel } from '@sluice/protocol';
import type { Rules } from '../channels/rules.ts';
import type { Answers, Cluster } from '../cluster/cluster.ts';
import type { Log } from '../engine/engine.ts';
import type { Presence } from '../presence/presence.ts';
import { Refusal } from '../refusal.ts';
import type { Affected, Closing, Subscribing, Target } from './local-actions.ts';
import {
  type ChannelsQuestion,
  type ConnectionsQuestion,
  type LocalChannel,
  type LocalUser,
  MOST_CHANNELS,
} from './local-node.ts';
import { type LocalPage, mergePages, readCursor } from './pages.ts';
import type { ServerMember, ServerMembers } from './server-members.ts';
import type {
  ActionReport,
  ChannelList,
  ChannelReport,
  ChannelStatus,
  ConnectionList,
  ConnectionStatus,
  LogEnds,
  NodeList,
  NodeStatus,
  OverAllNodes,
  UserReport,
} from './types.ts';

export interface ManageParts {
  readonly members: ServerMembers;
  /** The configuration in force, without secrets. */
  readonly describe: () => object;
  readonly cluster: Cluster;
  readonly rules: Rules;
  readonly log: Log;
  readonly presence: Presence;
}

/** Which page of a list. */
export interface PageQuery {
  /** The `next` of the page before. Default: the first page. */
  readonly cursor?: string;
  /** Entries of a page: 1 to 1,000; default 100. */
  readonly limit?: number;
}

export interface ChannelsQuery extends PageQuery {
  /** Only these channels: a name, or a pattern like `chat:*`. Default: all. */
  readonly pattern?: string;
}

export interface ConnectionsQuery extends PageQuery {
  readonly user?: string;
  /** The name of a node. */
  readonly node?: string;
  /** Only connections that read too slowly, or only those that do not. */
  readonly slow?: boolean;
}

/** Entries of a page, by default. */
export const PAGE = 100;

/** What operators and backends can learn and do, over all nodes. It does not check permissions. */
export class Manage {
  readonly #parts: ManageParts;

  constructor(parts: ManageParts) {
    this.#parts = parts;
  }

  /** The nodes of the cluster, by name. */
  async nodes(): Promise<NodeList> {
    const { answers, missing } = await this.#ask<NodeStatus>('status', null);
    const nodes = answers.map(({ answer }) => answer).sort((a, b) => (a.node < b.node ? -1 : 1));
    return { nodes, ...missingOf(missing) };
  }

  /** The channels with subscriptions, members or messages, by name. */
  async channels({ pattern = '**', cursor, limit = PAGE }: ChannelsQuery = {}): Promise<ChannelList | Refusal> {
    const after = readCursor(cursor);
    if (typeof after !== 'string') return after;
    const question: ChannelsQuestion = { pattern, after, limit };
    const { answers, missing } = await this.#ask<LocalPage<LocalChannel>>('channels', { ...question });
    const { entries, next } = mergePages(pagesOf(answers), limit, { keyOf: ({ channel }) => channel, merge: addUp });
    const channels = await Promise.all(entries.map((entry) => this.#complete(entry)));
    return { channels, ...(next === undefined ? {} : { next }), ...missingOf(missing) };
  }

  /** One channel; `null` if no rule matches it. */
  async channel(channel: string): Promise<ChannelReport | null> {
    const match = this.#parts.rules.match(channel);
    if (match === null) return null;
    const { answers, missing } = await this.#ask<LocalChannel>('channel', channel);
    const status = await this.#complete(addUp(answers.map(({ answer }) => answer)));
    return { ...status, rule: match.rule.pattern.source, ...missingOf(missing) };
  }

  /** What the engine knows of a channel. */
  async #complete({ channel, subscribers }: LocalChannel): Promise<ChannelStatus> {
    const { log, presence } = this.#parts;
    const [{ total }, { epoch, head, first }, bytes] = await Promise.all([
      presence.roster(channel),
      log.read(channel, 0, 0),
      log.bytes?.(channel) ?? 0,
    ]);
    return { channel, subscribers, members: total, epoch, head, first, bytes };
  }

  /** Connections, by id. */
  async connections({ cursor, limit = PAGE, ...query }: ConnectionsQuery = {}): Promise<ConnectionList | Refusal> {
    const after = readCursor(cursor);
    if (typeof after !== 'string') return after;
    const question: ConnectionsQuestion = { after, limit, ...query };
    const { answers, missing } = await this.#ask<LocalPage<ConnectionStatus>>('connections', { ...question });
    const { entries, next } = mergePages(pagesOf(answers), limit, {
      keyOf: ({ id }) => id,
      merge: ([one]) => one as ConnectionStatus,
    });
    return { connections: entries, ...(next === undefined ? {} : { next }), ...missingOf(missing) };
  }

  /** A user's connections and channels. */
  async user(user: string): Promise<UserReport> {
    const { answers, missing } = await this.#ask<LocalUser>('user', user);
    const connections = answers.flatMap(({ answer }) => answer.connections);
    const times = answers.flatMap(({ answer }) => (answer.lastSeen === null ? [] : [answer.lastSeen]));
    return {
      user,
      online: connections.length > 0,
      connections,
      more: answers.reduce((sum, { answer }) => sum + answer.more, 0),
      channels: [...new Set(answers.flatMap(({ answer }) => answer.channels))].sort().slice(0, MOST_CHANNELS),
      lastSeen: times.length === 0 ? null : Math.max(...times),
      ...missingOf(missing),
    };
  }

  /** The configuration of this node, without secrets. */
  config(): object {
    return this.#parts.describe();
  }

  /** Enters a member that has no connection, such as a bot, or changes it. */
  enter(member: ServerMember): Promise<Refusal | null> {
    return this.#parts.members.enter(member);
  }

  /** Removes a member that was entered like this. */
  leave(channel: string, user: string): Promise<ActionReport | Refusal> {
    return this.#parts.members.leave(channel, user);
  }

  /**
   * Removes the messages of a channel up to an offset, for good. Subscribers that are behind see a gap
   * with the reason `purged`.
   */
  async purge(channel: string, upTo: number): Promise<LogEnds | Refusal> {
    const { log, rules } = this.#parts;
    const match = rules.match(channel);
    if (match === null) return new Refusal('channel_unknown', unknownChannel(channel).detail);
    if (match.rule.queue !== null) {
      return new Refusal('command_invalid', `"${channel}" is a queue: acknowledge its messages, or seek its group`);
    }
    if (log.purge === undefined) return new Refusal('command_invalid', 'the engine cannot remove messages');
    await log.purge(channel, upTo);
    const { epoch, head, first } = await log.read(channel, 0, 0);
    return { epoch, head, first };
  }

  /** Closes the connections of a user. */
  disconnect(target: Target & Closing): Promise<ActionReport> {
    return this.#act('disconnect', { ...target });
  }

  /** Closes one connection. */
  close(connection: string, closing: Closing = {}): Promise<ActionReport> {
    return this.#act('close', { connection, ...closing });
  }

  /**
   * Subscribes all connections of a user to a channel, whatever its rule allows them.
   *
   * @returns a refusal if no rule matches the channel
   */
  async subscribe(wish: Subscribing): Promise<ActionReport | Refusal> {
    const { channel } = wish;
    if (this.#parts.rules.match(channel) === null)
      return new Refusal('channel_unknown', unknownChannel(channel).detail);
    return this.#act('subscribe', wish);
  }

  /** Ends what a user's connections hold on the channels of a pattern, or everywhere. `reason` is for the client. */
  unsubscribe(target: Target & Closing): Promise<ActionReport> {
    return this.#act('unsubscribe', { ...target });
  }

  /** Decides anew what a user's connections may hold, and ends the rest. `reason` is for the client. */
  recheck(target: Target & Closing): Promise<ActionReport> {
    return this.#act('recheck', { ...target });
  }

  async #act(method: string, action: object): Promise<ActionReport> {
    const { answers, missing } = await this.#ask<Affected>(method, action as Json);
    const sum = (of: (affected: Affected) => number): number =>
      answers.reduce((total, { answer }) => total + of(answer), 0);
    const endings = answers.some(({ answer }) => answer.ended !== undefined);
    const refused = sum(({ refused = 0 }) => refused);
    return {
      connections: sum(({ connections }) => connections),
      ...(endings ? { ended: sum(({ ended = 0 }) => ended) } : {}),
      ...(refused > 0 && { refused }),
      ...missingOf(missing),
    };
  }

  #ask<T extends object>(method: string, parameters: Json): Promise<Answers<T>> {
    return this.#parts.cluster.ask<T>(method, parameters);
  }
}

const pagesOf = <T extends object>(answers: Answers<T>['answers']): readonly T[] => answers.map(({ answer }) => answer);

const missingOf = (missing: readonly string[]): OverAllNodes => (missing.length === 0 ? {} : { missing });

/** A channel as all nodes know it. */
const addUp = (parts: readonly LocalChannel[]): LocalChannel => ({
  channel: parts[0]?.channel ?? '',
  subscribers: parts.reduce((sum, { subscribers }) => sum + subscribers, 0),
});

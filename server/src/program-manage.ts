import {
  canonical,
  EVERY,
  type Filter,
  type HistoryResult,
  type Json,
  type MembersResult,
  type StartingPoint,
  unknownChannel,
} from '@sluice/protocol';
import { readTexts } from './api/fields.ts';
import { MOST_EXCEPTIONS } from './api/routes/manage/read-target.ts';
import { readPage } from './channels/filtered-history.ts';
import type { GroupList } from './manage/group-list.ts';
import type { Closing, Target } from './manage/local-actions.ts';
import { type ChannelsQuery, type ConnectionsQuery, type Manage, PAGE } from './manage/manage.ts';
import { readSubscribing } from './manage/read-subscribing.ts';
import type {
  ActionReport,
  ChannelList,
  ChannelReport,
  ConnectionList,
  LogEnds,
  NodeList,
  UserReport,
} from './manage/types.ts';
import { readMembers } from './presence/members.ts';
import {
  answered,
  checkChannel,
  checkChannelsQuery,
  checkClosing,
  checkCommand,
  checkConnectionsQuery,
  checkCount,
  checkText,
  checkUser,
  matchOf,
  orThrow,
  perform,
  targetOf,
} from './program-checks.ts';
import { ProgramGroups } from './program-groups.ts';
import { type OperationParts, ProgramOperations } from './program-operations.ts';
import { ProgramRecurring } from './program-recurring.ts';
import type { Services } from './session/services.ts';
import { SluiceError } from './sluice-error.ts';

/** Where the subscriptions of a user start, and which connections are left alone. */
export type SubscribeOptions = StartingPoint & Pick<Target, 'except'>;

/** Which of a user's connections an action is about. */
export type TargetOptions = Omit<Target, 'user'>;

/** Which page of a channel's log. At most one of `after` and `before` may be given. */
export interface HistoryQuery {
  /** An offset: the oldest messages after it. */
  readonly after?: number;
  /** An offset: the newest messages before it. Default: the newest messages. */
  readonly before?: number;
  /** Messages of a page: 1 to 1,000; default 100. */
  readonly limit?: number;
  /** Only messages that match. */
  readonly filter?: Filter;
}

/** Which page of a channel's members. */
export interface MembersQuery {
  /** The `next` of the page before. */
  readonly after?: number;
  /** Entries of a page: 1 to 1,000; default 100. */
  readonly limit?: number;
}

export interface ProgramManageParts extends OperationParts {
  readonly manage: Manage;
  readonly groupList: GroupList;
}

/** Channels of one call for counts. */
const MOST_COUNTED = 1_000;

/**
 * What there is on all nodes, and what can be done about it: the operations of the HTTP API for the
 * embedding program. Permissions do not apply.
 *
 * Methods reject with a `SluiceError` of the catalogue, for example `unavailable` if the other nodes
 * cannot be reached. Nodes that do not answer within 2 seconds are named in `missing`.
 */
export class ProgramManage extends ProgramOperations {
  /** Queues and consumer groups. */
  readonly groups: ProgramGroups;
  /** Recurring schedules. */
  readonly schedules: ProgramRecurring;
  readonly #manage: Manage;
  readonly #services: Services;

  constructor(parts: ProgramManageParts) {
    const { manage, services, groupList } = parts;
    super(parts);
    this.#manage = manage;
    this.#services = services;
    this.groups = new ProgramGroups(services, groupList);
    this.schedules = new ProgramRecurring(services.schedules);
  }

  /** The nodes of the cluster, with their numbers. */
  nodes(): Promise<NodeList> {
    return answered(this.#manage.nodes());
  }

  /** A page of the channels with subscriptions, members or messages, by name. */
  async channels(query: ChannelsQuery = {}): Promise<ChannelList> {
    checkChannelsQuery(query);
    return answered(this.#manage.channels(query));
  }

  /** One channel: subscribers, members, and where its log ends. */
  async channel(channel: string): Promise<ChannelReport> {
    checkChannel(channel);
    const report = await answered(this.#manage.channel(channel));
    if (report === null) throw new SluiceError('channel_unknown', unknownChannel(channel).detail);
    return report;
  }

  /** A page of a channel's log, the oldest message first. It is also cut at 256 KiB. */
  history(channel: string, query: HistoryQuery = {}): Promise<HistoryResult> {
    const { log, rules, expiry } = this.#services;
    return perform(() => {
      checkCommand('history', { ...query, channel });
      matchOf(rules, channel);
      const { filter, ...page } = query;
      const conditions = filter === undefined ? EVERY : canonical(filter);
      return readPage(log, { ...page, channel, conditions }, { expiry });
    });
  }

  /** A page of the members of a channel on all nodes, in the order in which they entered. */
  members(channel: string, query: MembersQuery = {}): Promise<MembersResult> {
    return perform(() => {
      checkCommand('members', { ...query, channel });
      matchOf(this.#services.rules, channel);
      const { after = 0, limit = PAGE } = query;
      return readMembers(this.#services.presence, channel, { after, limit, onBytes: () => {} });
    });
  }

  /** The number of members of each of these channels, at most 1,000. */
  async memberCounts(channels: readonly string[]): Promise<Readonly<Record<string, number>>> {
    if (!Array.isArray(channels) || channels.length > MOST_COUNTED) {
      throw new SluiceError('command_invalid', `"channels" must be a list of at most ${MOST_COUNTED} channel names`);
    }
    for (const channel of channels) matchOf(this.#services.rules, channel);
    const count = async (channel: string) =>
      [channel, (await perform(() => this.#services.presence.list(channel, 0, 0))).total] as const;
    return Object.fromEntries(await Promise.all(channels.map(count)));
  }

  /** A user's connections and channels, and when the user was last seen. */
  async user(user: string): Promise<UserReport> {
    checkUser(user);
    return answered(this.#manage.user(user));
  }

  /** A page of the connections of all nodes, by id. */
  async connections(query: ConnectionsQuery = {}): Promise<ConnectionList> {
    checkConnectionsQuery(query);
    return answered(this.#manage.connections(query));
  }

  /** Closes a user's connections; with `reconnect`, their clients come back. */
  async disconnect(user: string, options: TargetOptions & Closing = {}): Promise<ActionReport> {
    return answered(this.#manage.disconnect(targetOf(user, options)));
  }

  /** Closes one connection. `connections` is 0 if no node has it. */
  async closeConnection(connection: string, options: Closing = {}): Promise<ActionReport> {
    checkText('connection', connection);
    return answered(this.#manage.close(connection, checkClosing(options)));
  }

  /**
   * Subscribes all connections of a user to a channel, whatever its rule allows them. Connections that
   * are subscribed already are left alone.
   *
   * @param options where the subscriptions start; default: with the next message
   * @throws SluiceError `channel_unknown`, `channel_invalid`, `command_invalid`
   */
  async subscribe(user: string, channel: string, options: SubscribeOptions = {}): Promise<ActionReport> {
    checkUser(user);
    const wish = orThrow(readSubscribing({ ...options, channel }));
    const except = orThrow(readTexts({ except: options.except }, 'except', MOST_EXCEPTIONS));
    return answered(this.#manage.subscribe({ ...wish, user, ...(except && { except }) }));
  }

  /**
   * Ends what a user's connections hold on the channels of a pattern, or everywhere. `reason` is for
   * the client.
   */
  async unsubscribe(user: string, options: TargetOptions & Pick<Closing, 'reason'> = {}): Promise<ActionReport> {
    return answered(this.#manage.unsubscribe(targetOf(user, options)));
  }

  /** Decides anew what a user's connections may hold, and ends the rest. `reason` is for the client. */
  async recheck(user: string, options: TargetOptions & Pick<Closing, 'reason'> = {}): Promise<ActionReport> {
    return answered(this.#manage.recheck(targetOf(user, options)));
  }

  /**
   * Makes a user without a connection, such as a bot, a member of a channel, or changes the member. It
   * stays until `leave`, or until this gateway stops.
   */
  async enter(
    channel: string,
    user: string,
    { state, info }: { readonly state?: Json; readonly info?: Json } = {},
  ): Promise<void> {
    checkChannel(channel);
    const entering = this.#manage.enter({
      ...{ channel, user },
      ...(state === undefined ? {} : { state }),
      ...(info === undefined ? {} : { info }),
    });
    await answered(entering);
  }

  /** Removes a member that was entered like this, or over the HTTP API. */
  async leave(channel: string, user: string): Promise<void> {
    checkChannel(channel);
    await answered(this.#manage.leave(channel, user));
  }

  /** Removes the messages of a channel up to an offset, for good. */
  async purge(channel: string, upTo: number): Promise<LogEnds> {
    checkChannel(channel);
    if (upTo === undefined) throw new SluiceError('command_invalid', '"upTo" must be an offset');
    checkCount('upTo', upTo, 1);
    return answered(this.#manage.purge(channel, upTo));
  }

  /** The configuration in force on this node, without secrets. */
  config(): object {
    return this.#manage.config();
  }
}

import {
  channelNameFault,
  type Json,
  PatternError,
  parsePattern,
  type StartingPoint,
  unknownChannel,
} from '@sluice/protocol';
import type { Closing, Target } from './manage/local-actions.ts';
import type { ChannelsQuery, ConnectionsQuery, Manage } from './manage/manage.ts';
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
import { errorOf } from './program-requests.ts';
import { Refusal } from './refusal.ts';
import { SluiceError } from './sluice-error.ts';

/** Where the subscriptions of a user start, and which connections are left alone. */
export type SubscribeOptions = StartingPoint & Pick<Target, 'except'>;

/** Which of a user's connections an action is about. */
export type TargetOptions = Omit<Target, 'user'>;

/**
 * What there is on all nodes, and what can be done about it: the operations of the HTTP API for the
 * embedding program. Permissions do not apply.
 *
 * Methods reject with a `SluiceError` of the catalogue, for example `unavailable` if the other nodes
 * cannot be reached. Nodes that do not answer within 2 seconds are named in `missing`.
 */
export class ProgramManage {
  readonly #manage: Manage;

  constructor(manage: Manage) {
    this.#manage = manage;
  }

  /** The nodes of the cluster, with their numbers. */
  nodes(): Promise<NodeList> {
    return this.#manage.nodes();
  }

  /** A page of the channels with subscriptions, members or messages, by name. */
  async channels(query: ChannelsQuery = {}): Promise<ChannelList> {
    checkPattern(query.pattern);
    return orThrow(await this.#manage.channels(query));
  }

  /** One channel: subscribers, members, and where its log ends. */
  async channel(channel: string): Promise<ChannelReport> {
    checkChannel(channel);
    const report = await this.#manage.channel(channel);
    if (report === null) throw new SluiceError('channel_unknown', unknownChannel(channel).detail);
    return report;
  }

  /** A user's connections and channels, and when the user was last seen. */
  user(user: string): Promise<UserReport> {
    return this.#manage.user(user);
  }

  /** A page of the connections of all nodes, by id. */
  async connections(query: ConnectionsQuery = {}): Promise<ConnectionList> {
    return orThrow(await this.#manage.connections(query));
  }

  /** Closes a user's connections; with `reconnect`, their clients come back. */
  async disconnect(user: string, options: TargetOptions & Closing = {}): Promise<ActionReport> {
    checkPattern(options.pattern);
    return this.#manage.disconnect({ ...options, user });
  }

  /** Closes one connection. `connections` is 0 if no node has it. */
  closeConnection(connection: string, options: Closing = {}): Promise<ActionReport> {
    return this.#manage.close(connection, options);
  }

  /**
   * Subscribes all connections of a user to a channel, whatever its rule allows them. Connections that
   * are subscribed already are left alone.
   *
   * @param options where the subscriptions start; default: with the next message
   * @throws SluiceError `channel_unknown`, `channel_invalid`, `command_invalid`
   */
  async subscribe(user: string, channel: string, options: SubscribeOptions = {}): Promise<ActionReport> {
    const wish = readSubscribing({ ...options, channel });
    if (wish instanceof Refusal) throw errorOf(wish);
    return orThrow(await this.#manage.subscribe({ ...wish, user, ...(options.except && { except: options.except }) }));
  }

  /**
   * Ends what a user's connections hold on the channels of a pattern, or everywhere. `reason` is for
   * the client.
   */
  async unsubscribe(user: string, options: TargetOptions & Pick<Closing, 'reason'> = {}): Promise<ActionReport> {
    checkPattern(options.pattern);
    return this.#manage.unsubscribe({ ...options, user });
  }

  /** Decides anew what a user's connections may hold, and ends the rest. `reason` is for the client. */
  async recheck(user: string, options: TargetOptions & Pick<Closing, 'reason'> = {}): Promise<ActionReport> {
    checkPattern(options.pattern);
    return this.#manage.recheck({ ...options, user });
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
    const refusal = await this.#manage.enter({
      ...{ channel, user },
      ...(state === undefined ? {} : { state }),
      ...(info === undefined ? {} : { info }),
    });
    if (refusal !== null) throw errorOf(refusal);
  }

  /** Removes a member that was entered like this, or over the HTTP API. */
  async leave(channel: string, user: string): Promise<void> {
    orThrow(await this.#manage.leave(channel, user));
  }

  /** Removes the messages of a channel up to an offset, for good. */
  async purge(channel: string, upTo: number): Promise<LogEnds> {
    checkChannel(channel);
    if (!Number.isSafeInteger(upTo) || upTo < 1) throw new SluiceError('command_invalid', '"upTo" must be an offset');
    return orThrow(await this.#manage.purge(channel, upTo));
  }

  /** The configuration in force on this node, without secrets. */
  config(): object {
    return this.#manage.config();
  }
}

function orThrow<T extends object>(outcome: T | Refusal): T {
  if (outcome instanceof Refusal) throw errorOf(outcome);
  return outcome;
}

function checkChannel(channel: string): void {
  const fault = channelNameFault(channel);
  if (fault !== null) throw new SluiceError('channel_invalid', fault);
}

function checkPattern(pattern: string | undefined): void {
  if (pattern === undefined) return;
  try {
    parsePattern(pattern);
  } catch (error) {
    if (error instanceof PatternError) throw new SluiceError('channel_invalid', error.message);
    throw error;
  }
}

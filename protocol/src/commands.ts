import type { Filter } from './filter.ts';
import type { Draft, Json, ResponderError, StartingPoint } from './messages.ts';

/** The commands of a client. SPEC.md section 4. */
export type Command =
  | ConnectCommand
  | RefreshCommand
  | SubscribeCommand
  | UnsubscribeCommand
  | PublishCommand
  | HistoryCommand
  | EnterCommand
  | LeaveCommand
  | WatchCommand
  | UnwatchCommand
  | MembersCommand
  | ScheduleCommand
  | UnscheduleCommand
  | RespondCommand
  | UnrespondCommand
  | RequestCommand
  | CancelCommand
  | ReplyCommand
  | PingCommand
  | GroupCommand;

export type CommandType = Command['type'];

interface CommandBase<Type extends string> {
  readonly type: Type;
  /**
   * A positive integer, chosen by the client, unique among its unanswered commands. The reply
   * repeats it.
   */
  readonly id: number;
}

/** A command about one channel. */
interface ChannelCommand<Type extends string> extends CommandBase<Type> {
  readonly channel: string;
}

/** A command about one subscription of a channel. */
interface SubscriptionCommand<Type extends string> extends ChannelCommand<Type> {
  /** Subscription id, 1 to 15, unique per channel on the connection. Absent: the channel's default subscription. */
  readonly sub?: number;
}

/** Authenticates the connection. Must be its first command. */
export interface ConnectCommand extends CommandBase<'connect'> {
  /** A JWT. Absent: an anonymous connection, if the gateway allows one. */
  readonly token?: string;
  /** Name and version of the client library, for the gateway's log. */
  readonly client?: string;
}

/** Replaces the token of a live connection, before the old one expires. */
export interface RefreshCommand extends CommandBase<'refresh'> {
  readonly token: string;
}

/** Opens a cursor on a channel. Without a starting point it begins live at the head. */
export interface SubscribeCommand extends SubscriptionCommand<'subscribe'>, StartingPoint {
  /** Only messages that fulfil its conditions. */
  readonly filter?: Filter;
}

/** Ends the cursor on a channel. */
export interface UnsubscribeCommand extends SubscriptionCommand<'unsubscribe'> {}

/** Appends a message to a channel's log. */
export interface PublishCommand extends ChannelCommand<'publish'>, Draft {
  /**
   * Keeps the order of pipelined publishes: after a retryable refusal the gateway refuses the rest
   * of the series too.
   */
  readonly series?: number;
}

/** Reads a page of a channel's log. Without `after` and `before`: the newest messages. */
export interface HistoryCommand extends ChannelCommand<'history'> {
  /** Maximum messages to return. Default 100, at most 1,000. */
  readonly limit?: number;
  /** Only messages with a greater offset; the page has the oldest of them. */
  readonly after?: number;
  /** Only messages with a smaller offset; the page has the newest of them. */
  readonly before?: number;
  /** Only messages that fulfil its conditions. */
  readonly filter?: Filter;
}

/** Makes the user a member of the channel, or changes the member's state. */
export interface EnterCommand extends ChannelCommand<'enter'> {
  /** At most 1 KiB as JSON. Absent: the state stays as it is. */
  readonly state?: Json;
}

/** Ends the connection's membership at once. */
export interface LeaveCommand extends ChannelCommand<'leave'> {}

/** Subscribes to the members of a channel: first the list, then changes. */
export interface WatchCommand extends ChannelCommand<'watch'> {}

/** Ends the presence subscription. */
export interface UnwatchCommand extends ChannelCommand<'unwatch'> {}

/** Reads a page of the members, in the order in which they entered. */
export interface MembersCommand extends ChannelCommand<'members'> {
  /** Maximum members to return. Default 100, at most 1,000. */
  readonly limit?: number;
  /** `next` of the previous page. */
  readonly after?: number;
}

/** The commands of consumers. SPEC.md section 12. */
export type GroupCommand = ConsumeCommand | StopCommand | AckCommand | NackCommand | ExtendCommand;

export type GroupCommandType = GroupCommand['type'];

/** A command about one consumer group of a channel. */
interface ConsumerCommand<Type extends string> extends ChannelCommand<Type> {
  /** Absent: the channel's only group, such as that of a queue. */
  readonly group?: string;
}

/** A command about deliveries of one group. */
interface DeliveriesCommand<Type extends string> extends ConsumerCommand<Type> {
  /** Ids of 1 to 1,000 deliveries. */
  readonly deliveries: readonly string[];
}

/** Begins to receive messages as one of the group's consumers. */
export interface ConsumeCommand extends ConsumerCommand<'consume'> {
  /** Maximum unacknowledged deliveries of this consumer, 1 to 1,000. Default and maximum: the rule's `prefetch`. */
  readonly prefetch?: number;
}

/** Stops receiving messages. Deliveries in flight can still be acknowledged. */
export interface StopCommand extends ConsumerCommand<'stop'> {}

/** The messages were processed. */
export interface AckCommand extends DeliveriesCommand<'ack'> {}

/** Processing the messages failed. */
export interface NackCommand extends DeliveriesCommand<'nack'> {
  /** Milliseconds until they are delivered again. Default: the group's backoff. */
  readonly delay?: number;
  /** They will never succeed: they become dead letters. */
  readonly dead?: boolean;
  /** Why, for the dead letter: at most 256 characters. */
  readonly reason?: string;
}

/** Processing takes longer: the time until the deliveries expire begins again. */
export interface ExtendCommand extends DeliveriesCommand<'extend'> {}

/** Publishes a message later: after `delay` or at a time. Exactly one of them must be given. */
export interface ScheduleCommand extends ChannelCommand<'schedule'>, Omit<Draft, 'if'> {
  /** Milliseconds. */
  readonly delay?: number;
  /** Milliseconds since the Unix epoch. */
  readonly at?: number;
}

/** Withdraws a message that was scheduled and is not published yet. */
export interface UnscheduleCommand extends ChannelCommand<'unschedule'> {
  /** The message's id, from the result of `schedule`. */
  readonly message: string;
}

/** Registers the connection as a responder of a channel. */
export interface RespondCommand extends ChannelCommand<'respond'> {
  /** Maximum number of open requests. Default 16, at most 1,000. */
  readonly concurrency?: number;
}

/** Ends the registration. Open requests can still be replied to. */
export interface UnrespondCommand extends ChannelCommand<'unrespond'> {}

/** Sends a request to one responder of the channel. */
export interface RequestCommand extends ChannelCommand<'request'> {
  readonly data: Json;
  /** Milliseconds until the first reply, and between two replies. Default 10,000. */
  readonly timeout?: number;
}

/** Cancels a request of this connection. */
export interface CancelCommand extends CommandBase<'cancel'> {
  /** The `id` of the command `request`. */
  readonly request: number;
}

/** Replies to a request that the gateway has sent to this connection. */
export interface ReplyCommand extends CommandBase<'reply'> {
  /** From the push `requests`. */
  readonly request: string;
  /** Absent only in the last of several replies, or with `error`. */
  readonly data?: Json;
  /** Ends the request with `responder_failed`. */
  readonly error?: ResponderError;
  /** Further replies follow. */
  readonly more?: boolean;
}

/** Requests a sign of life. */
export type PingCommand = CommandBase<'ping'>;

import type { CommandType } from './commands.ts';
import type { Json, Member, Message, Position, ResponderError } from './messages.ts';

/** A command was executed. */
export interface Reply<Type extends CommandType = CommandType> {
  readonly type: 'reply';
  readonly id: number;
  readonly result: Results[Type];
}

/** A command was refused. Without `id`: the input could not be parsed as a command. */
export interface Failure {
  readonly type: 'error';
  readonly id?: number;
  readonly error: ErrorBody;
}

/** An entry of the error catalogue on the wire. */
export interface ErrorBody {
  readonly code: number;
  readonly name: string;
  readonly message: string;
  /** How to fix it. */
  readonly remedy?: string;
  readonly retryable: boolean;
  /** Milliseconds to wait before a retry. */
  readonly retryAfter?: number;
  /** With `payload_invalid`: the issues that the channel's schema found, at most 10. */
  readonly issues?: readonly Issue[];
  /** With `conflict`: where the head of the log is. */
  readonly head?: Position;
  /** With `responder_failed`: the responder's error. */
  readonly responder?: ResponderError;
}

/** One issue of a payload. */
export interface Issue {
  /** The path, such as `data.items[3].name`; `event` or `state` if the issue is about those. */
  readonly path: string;
  /** The schema's message. */
  readonly message: string;
}

/** The result of each command, by its type. */
export interface Results {
  readonly connect: ConnectResult;
  readonly refresh: RefreshResult;
  readonly subscribe: SubscribeResult;
  readonly unsubscribe: EmptyResult;
  readonly publish: PublishResult;
  readonly history: HistoryResult;
  readonly enter: EmptyResult;
  readonly leave: EmptyResult;
  readonly watch: WatchResult;
  readonly unwatch: EmptyResult;
  readonly members: MembersResult;
  readonly schedule: ScheduleResult;
  readonly unschedule: EmptyResult;
  readonly respond: EmptyResult;
  readonly unrespond: EmptyResult;
  readonly request: RequestResult;
  readonly cancel: EmptyResult;
  readonly reply: EmptyResult;
  readonly ping: PingResult;
  readonly consume: ConsumeResult;
  readonly stop: EmptyResult;
  readonly ack: SettleResult;
  readonly nack: SettleResult;
  readonly extend: ExtendResult;
}

export interface ConnectResult {
  /** Identifies this connection in the gateway's log. */
  readonly connection: string;
  /** The token's `sub`; `null` on an anonymous connection. */
  readonly user: string | null;
  /** The gateway's clock: milliseconds since the Unix epoch. */
  readonly time: number;
  /** When the token expires, by the gateway's clock, in milliseconds since the Unix epoch; absent without a token. */
  readonly expiresAt?: number;
  /** A client that has received nothing for this many milliseconds should `ping`. */
  readonly heartbeat: number;
  /** Maximum bytes of a frame that the gateway accepts. */
  readonly maxFrame: number;
}

export interface RefreshResult {
  /** The new token's expiry by the gateway's clock: milliseconds since the Unix epoch. */
  readonly expiresAt: number;
  /** The gateway's clock: milliseconds since the Unix epoch. */
  readonly time: number;
}

export interface PingResult {
  /** The gateway's clock: milliseconds since the Unix epoch. */
  readonly time: number;
}

/** Position of the new cursor. Messages up to `offset` in this epoch are not new to the subscriber. */
export interface SubscribeResult extends Position {
  /** `replaying`: the gateway reads the log for this cursor; a `live` push follows when it has reached the head. */
  readonly state: 'live' | 'replaying';
}

/** A result without content: the command was executed. */
export type EmptyResult = Readonly<Record<string, never>>;

export interface PublishResult extends Position {
  /** The message's id. */
  readonly id: string;
}

export interface HistoryResult {
  readonly epoch: string;
  /** Offset of the newest message in the log, 0 if none was ever published. */
  readonly head: number;
  /** In the order of their offsets. */
  readonly messages: readonly Message[];
  /** Offset of the oldest message in the log; `head + 1` if the log is empty. */
  readonly first: number;
  /**
   * With a filter: the part of the log that was compared, from one offset to another. The page has
   * all messages of it that match; read on before `from` or after `to`.
   */
  readonly covers?: { readonly from: number; readonly to: number };
  /** The channel keeps no history: what was published is lost to whoever did not receive it at once. */
  readonly noHistory?: true;
}

export interface ScheduleResult {
  /** Names the scheduled message. */
  readonly id: string;
  /** When it is published: milliseconds since the Unix epoch. */
  readonly at: number;
}

export interface RequestResult {
  /** Data of the last reply; absent if it had none, after replies with `more`. */
  readonly data?: Json;
}

export interface WatchResult {
  /** Number of members. Pushes with the members, or with their number only, follow. */
  readonly total: number;
}

export interface ConsumeResult {
  /** The group's name, as in pushes. */
  readonly group: string;
  /** Maximum unacknowledged deliveries of this consumer. */
  readonly prefetch: number;
  /** Milliseconds after which a delivery that was neither acknowledged nor extended expires. */
  readonly ackTimeout: number;
}

export interface SettleResult {
  /** Ids of deliveries that were not in flight; absent: all were. */
  readonly expired?: readonly string[];
}

export interface ExtendResult extends SettleResult {
  /** When the deliveries expire, by the gateway's clock: milliseconds since the Unix epoch. */
  readonly deadline: number;
}

export interface MembersResult {
  readonly total: number;
  readonly members: readonly Member[];
  /** Absent on the last page. */
  readonly next?: number;
}

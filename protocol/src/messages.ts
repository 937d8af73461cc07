/**
 * The vocabulary of the whole system: what a client may say (`Command`), what it is answered (`Reply`, `Failure`), and
 * what the gateway says by itself (`Push`). SPEC.md sections 4 to 7 give the meaning of every field.
 */

/** Any value that JSON can carry, within the limits of SPEC.md section 3.3. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** A place in a channel's log: after the message with this offset, in this life of the log. Offset 0 is the beginning. */
export interface Position {
  /** Names one life of the log; it changes only when continuity is lost. */
  readonly epoch: string;
  /** Offset of the last message before this place; messages count 1, 2, 3… without holes. */
  readonly offset: number;
}

/** Flat labels of a message. */
export type Tags = { readonly [name: string]: string };

/** One entry of a channel's log. */
export interface Message {
  /** Unique within the gateway's cluster. */
  readonly id: string;
  /** 1, 2, 3… within the channel's epoch. */
  readonly offset: number;
  /** When the gateway accepted it: milliseconds since the Unix epoch. */
  readonly time: number;
  readonly data: Json;
  /** What kind of message it is, in the application's words. */
  readonly event?: string;
  readonly tags?: Tags;
  /** The user who published it, where the channel's rule says so. */
  readonly from?: string;
}

/** What a publisher hands over: a message before the gateway has stamped it. */
export interface Draft {
  readonly data: Json;
  readonly event?: string;
  readonly tags?: Tags;
  /** Makes the publish idempotent: within the rule's window the same key of the same user appends once. */
  readonly key?: string;
}

/** Where a new cursor starts when it does not resume: `rewind` messages back, or at the first message not older than `since`. */
export interface StartingPoint {
  /** Number of messages before the head. */
  readonly rewind?: number;
  /** Milliseconds since the Unix epoch. */
  readonly since?: number;
  /** Resume after this position. */
  readonly position?: Position;
}

/** A user who is present in a channel, however many connections stand behind. */
export interface Member {
  readonly user: string;
  /** The token's `info` claim. */
  readonly info?: Json;
  /** Set and changed by the client. */
  readonly state?: Json;
  readonly connections: number;
  /** When the user entered: milliseconds since the Unix epoch. */
  readonly since: number;
}

/** What happened to one member; `version` grows with every change of the channel. */
export type MemberChange =
  | { readonly version: number; readonly member: Member }
  | { readonly version: number; readonly left: string };

// ---------------------------------------------------------------------------------------------------- commands

interface CommandBase<Type extends string> {
  readonly type: Type;
  /** Chosen by the client, a positive integer, unique among its unanswered commands; the reply carries it. */
  readonly id: number;
}

/** Authenticates the connection. Must be its first command. */
export interface ConnectCommand extends CommandBase<'connect'> {
  /** A JWT. Absent: an anonymous connection, where the gateway allows one. */
  readonly token?: string;
  /** Name and version of the client library, for the gateway's log. */
  readonly client?: string;
}

/** Replaces the token of a live connection, before the old one expires. */
export interface RefreshCommand extends CommandBase<'refresh'> {
  readonly token: string;
}

/** Opens a cursor on a channel. Without a starting point it begins live at the head. */
export interface SubscribeCommand extends CommandBase<'subscribe'>, StartingPoint {
  readonly channel: string;
}

/** Ends the cursor on a channel. */
export interface UnsubscribeCommand extends CommandBase<'unsubscribe'> {
  readonly channel: string;
}

/** Appends a message to a channel's log. */
export interface PublishCommand extends CommandBase<'publish'>, Draft {
  readonly channel: string;
  /** Publishes to one channel with the same number stand in their order: after one that may be tried again, all later ones are refused too. */
  readonly series?: number;
}

/** Reads a page of a channel's log. Without `after` and `before`: the newest messages. */
export interface HistoryCommand extends CommandBase<'history'> {
  readonly channel: string;
  /** Most messages to return. Default 100, at most 1,000. */
  readonly limit?: number;
  /** Only messages with a greater offset; the page holds the oldest of them. */
  readonly after?: number;
  /** Only messages with a smaller offset; the page holds the newest of them. */
  readonly before?: number;
}

/** Becomes a member of the channel, or changes the member's state. */
export interface EnterCommand extends CommandBase<'enter'> {
  readonly channel: string;
  /** At most 1 KiB as JSON. Absent: the state stays as it is. */
  readonly state?: Json;
}

/** Stops being a member, at once. */
export interface LeaveCommand extends CommandBase<'leave'> {
  readonly channel: string;
}

/** Watches who is present: the members as they are now, then their changes. */
export interface WatchCommand extends CommandBase<'watch'> {
  readonly channel: string;
}

/** Stops watching. */
export interface UnwatchCommand extends CommandBase<'unwatch'> {
  readonly channel: string;
}

/** Reads a page of the members, in the order in which they came. */
export interface MembersCommand extends CommandBase<'members'> {
  readonly channel: string;
  /** Most members to return. Default 100, at most 1,000. */
  readonly limit?: number;
  /** `next` of the page before. */
  readonly after?: number;
}

/** Asks for a sign of life. */
export type PingCommand = CommandBase<'ping'>;

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
  | PingCommand;

export type CommandType = Command['type'];

// ---------------------------------------------------------------------------------------------------- results

export interface ConnectResult {
  /** Names this connection in the gateway's log. */
  readonly connection: string;
  /** The token's `sub`; `null` on an anonymous connection. */
  readonly user: string | null;
  /** The gateway's clock: milliseconds since the Unix epoch. */
  readonly time: number;
  /** When the token expires, by the gateway's clock, in milliseconds since the Unix epoch; absent without a token. */
  readonly expiresAt?: number;
  /** A client that has heard nothing for so many milliseconds should `ping`. */
  readonly heartbeat: number;
  /** Largest frame the gateway takes, in bytes. */
  readonly maxFrame: number;
}

export interface RefreshResult {
  /** The new token's expiry by the gateway's clock: milliseconds since the Unix epoch. */
  readonly expiresAt: number;
  /** The gateway's clock: milliseconds since the Unix epoch. */
  readonly time: number;
}

/** Where the new cursor stands. Messages with an offset up to `offset` in this epoch are not new to the subscriber. */
export interface SubscribeResult extends Position {
  /** `replaying`: the log is being read to this cursor; a `live` push follows when it has reached the head. */
  readonly state: 'live' | 'replaying';
}

/** A result that says nothing but that it was done. */
export type EmptyResult = Readonly<Record<string, never>>;

export interface PublishResult extends Position {
  /** The message's id. */
  readonly id: string;
}

export interface HistoryResult {
  readonly epoch: string;
  /** Offset of the newest message in the log, 0 when none was ever published. */
  readonly head: number;
  /** In the order of their offsets. */
  readonly messages: readonly Message[];
  /** Offset of the oldest message the log still holds; `head + 1` when it holds none. */
  readonly first: number;
}

export interface WatchResult {
  /** How many members there are. Pushes with them, or their number only, follow. */
  readonly total: number;
}

export interface MembersResult {
  readonly total: number;
  readonly members: readonly Member[];
  /** Absent on the last page. */
  readonly next?: number;
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
  readonly ping: EmptyResult;
}

// ---------------------------------------------------------------------------------------------------- replies

/** A command was carried out. */
export interface Reply<Type extends CommandType = CommandType> {
  readonly type: 'reply';
  readonly id: number;
  readonly result: Results[Type];
}

/** One thing that is wrong with a payload. */
export interface Issue {
  /** Where, e.g. `data.items[3].name`; `event` or `state` where it is about those. */
  readonly path: string;
  /** What is wrong, in the words of the schema. */
  readonly message: string;
}

/** An entry of the catalogue in `codes.ts`, as it goes over the wire. */
export interface ErrorBody {
  readonly code: number;
  readonly name: string;
  readonly message: string;
  /** What to do about it. */
  readonly remedy?: string;
  readonly retryable: boolean;
  /** Milliseconds to wait before trying again. */
  readonly retryAfter?: number;
  /** With `payload_invalid`: what the channel's schema has to say, at most 10 issues. */
  readonly issues?: readonly Issue[];
}

/** A command was refused; without `id`, what the client sent could not be read as a command at all. */
export interface Failure {
  readonly type: 'error';
  readonly id?: number;
  readonly error: ErrorBody;
}

// ---------------------------------------------------------------------------------------------------- pushes

/** One or more messages of one channel, in order. */
export interface MessagesPush {
  readonly type: 'messages';
  readonly channel: string;
  readonly epoch: string;
  readonly messages: readonly Message[];
}

/** Why messages were lost to a subscriber. */
export type GapReason =
  /** The log began a new life; what the old one held after `from` is unknown. */
  | 'epoch_changed'
  /** The log no longer reaches back to `from`. */
  | 'retention'
  /** The channel keeps no history. */
  | 'no_history'
  /** The reader was too slow, and the channel's rule skips instead of replaying. */
  | 'slow_reader';

/** The cursor had to jump: nothing between `from` and `to` will arrive. The next message comes after `to`. */
export interface GapPush {
  readonly type: 'gap';
  readonly channel: string;
  /** Where the subscriber stood. */
  readonly from: Position;
  /** Where it stands now. */
  readonly to: Position;
  readonly reason: GapReason;
  /** What the channel's rule keeps for slow readers, newest per key, in order: messages between `from` and `to`. */
  readonly latest?: readonly Message[];
}

/** The cursor left the fast path: the log is being read to it. */
export interface ReplayingPush {
  readonly type: 'replaying';
  readonly channel: string;
}

/** The cursor has reached the head. */
export interface LivePush {
  readonly type: 'live';
  readonly channel: string;
}

/** The gateway ended the subscription. */
export interface UnsubscribedPush {
  readonly type: 'unsubscribed';
  readonly channel: string;
  readonly reason: 'permission' | 'slow_reader';
}

/** News of who is present. */
export interface PresencePush {
  readonly type: 'presence';
  readonly channel: string;
  readonly version: number;
  /** How many members there are now. */
  readonly total: number;
  /** Absent: there are too many members to list, only their number is told. */
  readonly changes?: readonly MemberChange[];
  /** The changes are the whole list: forget what was known before. */
  readonly reset?: true;
  /** The list goes on in the next push. */
  readonly more?: true;
}

/** The gateway ended the watching of a channel's members. */
export interface UnwatchedPush {
  readonly type: 'unwatched';
  readonly channel: string;
  readonly reason: 'permission';
}

/** The gateway ended this connection's membership. */
export interface LeftPush {
  readonly type: 'left';
  readonly channel: string;
  readonly reason: 'permission';
}

/** The token expires soon; the client should send a `refresh`. */
export interface RefreshPush {
  readonly type: 'refresh';
  /** By the gateway's clock, in milliseconds since the Unix epoch. */
  readonly expiresAt: number;
}

/** The gateway is about to stop. It closes this connection itself; the client comes back after the delay. */
export interface DrainPush {
  readonly type: 'drain';
  /** Milliseconds until it closes this connection, which it serves until then. */
  readonly closesIn?: number;
  /** Milliseconds to wait, from the close, before reconnecting. */
  readonly reconnectAfter: number;
}

export type Push =
  | MessagesPush
  | GapPush
  | ReplayingPush
  | LivePush
  | UnsubscribedPush
  | PresencePush
  | UnwatchedPush
  | LeftPush
  | RefreshPush
  | DrainPush;

/** Everything that a gateway sends. */
export type ServerMessage = Reply | Failure | Push;

import type { Json, MemberChange, Message, Position } from './messages.ts';
import type { Failure, Reply } from './replies.ts';

/** The messages that the gateway sends without a command. SPEC.md section 6. */
export type Push =
  | MessagesPush
  | ProgressPush
  | GapPush
  | ReplayingPush
  | LivePush
  | SubscribedPush
  | UnsubscribedPush
  | PresencePush
  | UnwatchedPush
  | LeftPush
  | RequestsPush
  | CancelledPush
  | UnrespondedPush
  | RepliesPush
  | RefreshPush
  | DrainPush
  | DeliveriesPush
  | GroupGapPush
  | StoppedPush;

export type PushType = Push['type'];

/** All messages of a gateway. */
export type ServerMessage = Reply | Failure | Push;

/** A push about one subscription. */
interface SubscriptionPush<Type extends string> {
  readonly type: Type;
  readonly channel: string;
  /** Subscription id; present exactly if the subscription has one. */
  readonly sub?: number;
}

/** One or more messages of one channel, in order. */
export interface MessagesPush extends SubscriptionPush<'messages'> {
  readonly epoch: string;
  /**
   * The push continues from this offset, and offsets may have holes: the missing messages did not
   * match the subscription. Absent: offsets are contiguous. SPEC.md section 7.
   */
  readonly after?: number;
  readonly messages: readonly Message[];
}

/** Nothing between `after` and `offset` matched the subscription; the position becomes `offset`. */
export interface ProgressPush extends SubscriptionPush<'progress'> {
  readonly epoch: string;
  readonly after: number;
  readonly offset: number;
}

/** Why a subscriber lost messages. */
export type GapReason =
  /** The log began a new life; the messages of the old one after `from` are unknown. */
  | 'epoch_changed'
  /** The log no longer has the messages after `from`. */
  | 'retention'
  /** A backend has removed the messages after `from`. */
  | 'purged'
  /** The channel keeps no history. */
  | 'no_history'
  /** The reader was too slow, and the channel's rule skips instead of replaying. */
  | 'slow_reader';

/** The cursor had to skip: nothing between `from` and `to` will arrive. The next message follows `to`. */
export interface GapPush extends SubscriptionPush<'gap'> {
  /** Position before the gap. */
  readonly from: Position;
  /** Position after the gap. */
  readonly to: Position;
  readonly reason: GapReason;
  /**
   * Messages between `from` and `to` that the channel's rule keeps for slow readers: the newest per
   * key, in order.
   */
  readonly latest?: readonly Message[];
}

/** The cursor left the fast path: the gateway reads the log for it. */
export interface ReplayingPush extends SubscriptionPush<'replaying'> {}

/** The cursor has reached the head. */
export interface LivePush extends SubscriptionPush<'live'> {}

/** A subscription that the backend has opened on this connection, with its cursor. */
export interface OpenedSubscription extends Position {
  readonly channel: string;
  readonly state: 'live' | 'replaying';
}

/**
 * The backend has opened these default subscriptions on this connection. Their pushes follow; a
 * `subscribe` of the client takes one over. SPEC.md section 7.4.
 */
export interface SubscribedPush {
  readonly type: 'subscribed';
  readonly subscriptions: readonly OpenedSubscription[];
}

/** Why the gateway ended something that a connection held. */
export type EndReason =
  /** The connection lost the permission. */
  | 'permission'
  /** The backend ended it. */
  | 'removed';

/** Why the gateway ended it, in a sentence for people; present if the gateway has one. */
interface Ending {
  readonly message?: string;
}

/** The gateway ended the subscription. */
export interface UnsubscribedPush extends SubscriptionPush<'unsubscribed'>, Ending {
  readonly reason: EndReason | 'slow_reader';
}

/** The members of a channel, or their changes. */
export interface PresencePush {
  readonly type: 'presence';
  readonly channel: string;
  readonly version: number;
  /** Current number of members. */
  readonly total: number;
  /** Absent: there are too many members to list; only `total` is sent. */
  readonly changes?: readonly MemberChange[];
  /** The changes are the complete list: it replaces earlier members. */
  readonly reset?: true;
  /** The list continues in the next push. */
  readonly more?: true;
}

/** The gateway ended a presence subscription. */
export interface UnwatchedPush extends Ending {
  readonly type: 'unwatched';
  readonly channel: string;
  readonly reason: EndReason;
}

/** The gateway ended this connection's membership. */
export interface LeftPush extends Ending {
  readonly type: 'left';
  readonly channel: string;
  readonly reason: EndReason;
}

/** A message that one consumer has until it is settled. */
export interface Delivery {
  /** Names this delivery of the message in `ack`, `nack` and `extend`. */
  readonly id: string;
  /** 1 for the first delivery of the message. */
  readonly attempt: number;
  /** When the delivery expires, by the gateway's clock: milliseconds since the Unix epoch. */
  readonly deadline: number;
  readonly message: Message;
}

/** Messages for one consumer. SPEC.md section 12. */
export interface DeliveriesPush {
  readonly type: 'deliveries';
  readonly channel: string;
  readonly group: string;
  /** Of the channel's log: with its offset, it identifies a message across deliveries. */
  readonly epoch: string;
  readonly deliveries: readonly Delivery[];
}

/** The log lost messages that the group had not settled. */
export interface GroupGapPush {
  readonly type: 'group_gap';
  readonly channel: string;
  readonly group: string;
  readonly from: Position;
  readonly to: Position;
  readonly reason: 'epoch_changed' | 'retention' | 'purged';
}

/** The gateway ended the consumer. */
export interface StoppedPush extends Ending {
  readonly type: 'stopped';
  readonly channel: string;
  readonly group: string;
  readonly reason: EndReason | 'group_removed';
}

/** A request, as its responder receives it. */
export interface SentRequest {
  /** Names the request in `reply` and `cancelled`. */
  readonly request: string;
  readonly data: Json;
  /** Milliseconds from now until the first reply must have arrived. */
  readonly timeout: number;
  /** The requester's user, if the channel's rule adds it to messages. */
  readonly from?: string;
}

/** Requests for this responder, in the order of their arrival. */
export interface RequestsPush {
  readonly type: 'requests';
  readonly channel: string;
  readonly requests: readonly SentRequest[];
}

/** A request ended before its last reply. */
export interface CancelledPush {
  readonly type: 'cancelled';
  readonly channel: string;
  readonly request: string;
  readonly reason: CancelReason;
}

/** Why a request ended before its last reply. */
export type CancelReason =
  /** The requester sent `cancel`. */
  | 'asked'
  /** The requester's connection or node has gone. */
  | 'closed'
  /** No reply arrived in time. */
  | 'timeout'
  /** The requester lost the permission. */
  | 'permission'
  /** The requester reads too slowly. */
  | 'slow_reader';

/** The gateway ended the registration of a responder. Its open requests have ended. */
export interface UnrespondedPush extends Ending {
  readonly type: 'unresponded';
  readonly channel: string;
  readonly reason: EndReason;
}

/** Replies to a request, in their order; more follow, or the answer to the command. */
export interface RepliesPush {
  readonly type: 'replies';
  /** The `id` of the command `request`. */
  readonly request: number;
  readonly replies: readonly { readonly data: Json }[];
}

/** The token expires soon; the client should send a `refresh`. */
export interface RefreshPush {
  readonly type: 'refresh';
  /** By the gateway's clock, in milliseconds since the Unix epoch. */
  readonly expiresAt: number;
}

/** The gateway is about to stop. It closes this connection itself; the client reconnects after the delay. */
export interface DrainPush {
  readonly type: 'drain';
  /** Milliseconds until the gateway closes this connection. Until then it serves the connection. */
  readonly closesIn?: number;
  /** Milliseconds to wait after the close before reconnecting. */
  readonly reconnectAfter: number;
}

import type { MemberChange, Message, Position } from './messages.ts';
import type { Failure, Reply } from './replies.ts';

/** What the gateway sends without being asked. SPEC.md section 6. */
export type Push =
  | MessagesPush
  | ProgressPush
  | GapPush
  | ReplayingPush
  | LivePush
  | UnsubscribedPush
  | PresencePush
  | UnwatchedPush
  | LeftPush
  | RefreshPush
  | DrainPush;

export type PushType = Push['type'];

/** Everything that a gateway sends. */
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
   * The push continues from this offset, and offsets may have holes: what is missing did not match the subscription.
   * Absent: offsets are contiguous. SPEC.md section 7.
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
  /** The log began a new life; what the old one held after `from` is unknown. */
  | 'epoch_changed'
  /** The log no longer reaches back to `from`. */
  | 'retention'
  /** The channel keeps no history. */
  | 'no_history'
  /** The reader was too slow, and the channel's rule skips instead of replaying. */
  | 'slow_reader';

/** The cursor had to jump: nothing between `from` and `to` will arrive. The next message follows `to`. */
export interface GapPush extends SubscriptionPush<'gap'> {
  /** Position before the gap. */
  readonly from: Position;
  /** Position after the gap. */
  readonly to: Position;
  readonly reason: GapReason;
  /** Messages between `from` and `to` that the channel's rule keeps for slow readers: the newest per key, in order. */
  readonly latest?: readonly Message[];
}

/** The cursor left the fast path: the gateway reads the log for it. */
export interface ReplayingPush extends SubscriptionPush<'replaying'> {}

/** The cursor has reached the head. */
export interface LivePush extends SubscriptionPush<'live'> {}

/** The gateway ended the subscription. */
export interface UnsubscribedPush extends SubscriptionPush<'unsubscribed'> {
  readonly reason: 'permission' | 'slow_reader';
}

/** The members of a channel, or changes of them. */
export interface PresencePush {
  readonly type: 'presence';
  readonly channel: string;
  readonly version: number;
  /** Number of members now. */
  readonly total: number;
  /** Absent: there are too many members to list; only `total` is sent. */
  readonly changes?: readonly MemberChange[];
  /** The changes are the whole list: forget what was known before. */
  readonly reset?: true;
  /** The list continues in the next push. */
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

/** The gateway is about to stop. It closes this connection itself; the client reconnects after the delay. */
export interface DrainPush {
  readonly type: 'drain';
  /** Milliseconds until the gateway closes this connection. Until then it serves the connection. */
  readonly closesIn?: number;
  /** Milliseconds to wait, from the close, before reconnecting. */
  readonly reconnectAfter: number;
}

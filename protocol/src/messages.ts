/**
 * The types on the wire: messages, drafts, positions, members. `commands.ts` has the client's
 * commands, `replies.ts` the answers to them, and `pushes.ts` all other messages of the gateway.
 * SPEC.md sections 3 to 7 define every field.
 */

/** Any JSON value, within the limits of SPEC.md section 3.3. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** A position in a channel's log: after the message with this offset, in this epoch. Offset 0 is the beginning. */
export interface Position {
  /** Identifies one life of the log; it changes only when continuity is lost. */
  readonly epoch: string;
  /** Offset of the last message before the position; messages count 1, 2, 3… without gaps. */
  readonly offset: number;
}

/** Flat labels of a message. */
export type Tags = { readonly [name: string]: string };

/** The message that a copy was made from. */
export interface Origin {
  readonly channel: string;
  readonly offset: number;
}

/**
 * Reserved fields, which later versions will define. No gateway sends them yet, and a client must
 * not use them. SPEC.md section 5.
 */
export interface ReservedMessageFields {
  /** Id or offset of the message that this one refers to. */
  readonly ref?: string | number;
  /** What the message does to the message it refers to. */
  readonly op?: string;
}

/** One entry of a channel's log. */
export interface Message extends ReservedMessageFields {
  /** Unique within the gateway's cluster. */
  readonly id: string;
  /** 1, 2, 3… within the channel's epoch. */
  readonly offset: number;
  /** When the gateway accepted the message: milliseconds since the Unix epoch. */
  readonly time: number;
  readonly data: Json;
  /** The kind of message, named by the application. */
  readonly event?: string;
  readonly tags?: Tags;
  /** The user who published the message. Present only if the channel's rule adds it. */
  readonly from?: string;
  /** The message that this one is a copy of, in a channel that is bound to others. */
  readonly origin?: Origin;
  /** The trace in which it was published: a `traceparent` of W3C Trace Context. */
  readonly trace?: string;
  /**
   * When the message expires: milliseconds since the Unix epoch. Present only if it was published with
   * a `ttl`, or if the channel's rule gives it one.
   */
  readonly expiresAt?: number;
}

/** Where the head of a log must be: at this offset, and in this epoch if one is given. */
export interface ExpectedHead {
  readonly epoch?: string;
  /** 0: no message was ever published. */
  readonly offset: number;
}

/** A message before the gateway has stamped it. */
export interface Draft {
  readonly data: Json;
  readonly event?: string;
  readonly tags?: Tags;
  /** The trace of the publisher: a `traceparent` of W3C Trace Context. Subscribers receive it. */
  readonly trace?: string;
  /** Makes the publish idempotent: within the rule's window the same key of the same user appends once. */
  readonly key?: string;
  /** Publishes only if the head of the log is there; otherwise the publish is refused with `conflict`. */
  readonly if?: ExpectedHead;
  /**
   * Milliseconds after which the message expires: from then on the gateway does not deliver it. Default:
   * that of the channel's rule, or never.
   */
  readonly ttl?: number;
}

/**
 * Where a new cursor starts: `rewind` messages back, at the first message not older than `since`,
 * or after `position`.
 */
export interface StartingPoint {
  /** Number of messages before the head. */
  readonly rewind?: number;
  /** Milliseconds since the Unix epoch. */
  readonly since?: number;
  /** Resume after this position. */
  readonly position?: Position;
}

/** Why a responder could not answer a request: its own error, not the gateway's. */
export interface ResponderError {
  /** 1 to 64 characters of `A-Z a-z 0-9 _ - .`. */
  readonly code: string;
  /** At most 1,000 characters. */
  readonly message?: string;
  readonly data?: Json;
}

/** A user who is present in a channel, with one connection or several. */
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

/** A change of one member. `version` grows with every change of the channel. */
export type MemberChange =
  | { readonly version: number; readonly member: Member }
  | { readonly version: number; readonly left: string };

/**
 * The options of a channel rule, as written in a configuration or in a file that is shared with a
 * browser.
 */

import type { Filter } from './filter.ts';
import type { Params } from './patterns.ts';

/** An operation on a channel. */
export type Verb =
  | 'subscribe'
  | 'publish'
  | 'history'
  | 'presence'
  | 'enter'
  | 'consume'
  | 'request'
  | 'respond'
  | 'manage';

/** Milliseconds, or a text like `500ms`, `5s`, `10m`, `24h`, `7d`. */
export type DurationInput = number | string;

/** Bytes, or a text like `64KiB`, `1MiB`. */
export type SizeInput = number | string;

/** The question to a grant function. */
export interface GrantContext {
  /** The token's `sub`; `null` for anonymous connections. */
  readonly user: string | null;
  /** All claims of the verified token. */
  readonly claims: Readonly<Record<string, unknown>>;
  readonly channel: string;
  /**
   * The values of the pattern's `{param}` segments in this channel's name, with escapes (SPEC.md
   * section 3.1) decoded: `auth0|1`, not `auth0~7C1`.
   */
  readonly params: Params;
  readonly verb: Verb;
}

/**
 * A function of the gateway that decides; it may query a database. Return `true` or `false`, or a
 * promise of one. If it throws, rejects or returns anything else, the gateway logs a fault and the
 * client gets the error `internal`; if it takes longer than five seconds, `unavailable`. It is
 * called again after each refresh of the token.
 */
export type GrantFunction = (context: GrantContext) => boolean | PromiseLike<boolean>;

/**
 * One grant: everyone, every user, the user that a `{param}` names, users whose claim lists a
 * `{param}`, users with a role, or a function.
 */
export type GrantInput =
  | 'anyone'
  | 'users'
  | `owner:{${string}}`
  | `claim:${string}:{${string}}`
  | `role:${string}`
  | GrantFunction;

/** How a consumer group delivers messages. */
export interface DeliveryOptions {
  /** A delivery that is not acknowledged within this time is delivered again. Default: 30s. */
  readonly ackTimeout?: DurationInput;
  /** A message that was delivered this often becomes a dead letter. 0: unlimited. Default: 5. */
  readonly maxDeliveries?: number;
  /** Waits before the 2nd, 3rd… delivery; the last value repeats. Default: 1s, 10s, 1m. */
  readonly backoff?: readonly DurationInput[];
  /** The channel for dead letters, e.g. `dead:{kind}`. Default: only the group's own list. */
  readonly deadLetter?: string;
  /** At most one message per value of the tag is in flight, in order; `all`: strictly one after the other. */
  readonly orderBy?: 'all' | `tag:${string}`;
  /** Maximum unacknowledged deliveries of one consumer. Default: 32. */
  readonly prefetch?: number;
  /** Maximum unsettled messages that the group has delivered; then delivering pauses. Default: 10000. */
  readonly maxUnacked?: number;
}

/** The options of a queue: messages leave the log once they are acknowledged. */
export interface QueueOptions extends DeliveryOptions {
  /** Maximum unacknowledged messages. Default: 100000. */
  readonly maxLength?: number;
  /** At `maxLength`: refuse publishes (`queue_full`), or make the oldest waiting message a dead letter. Default: reject. */
  readonly overflow?: 'reject' | 'dead-letter';
}

/** The options of one consumer group of a channel with history. */
export interface GroupOptions extends DeliveryOptions {
  /** Where the group begins when it is used for the first time. Default: oldest. */
  readonly start?: 'oldest' | 'newest';
  /** A group that is not used for this long is deleted. Default: 30d for a group per user, otherwise never. */
  readonly expires?: DurationInput;
}

/** Channels to copy messages from: a pattern, or a pattern and the messages to copy. */
export type BindInput = string | { readonly channel: string; readonly where?: Filter };

/** The permissions and the behaviour of the channels of a pattern. */
export interface RuleOptions {
  /**
   * Who may do what. Everything else is denied. The key `*` stands for `subscribe`, `publish`,
   * `history`, `presence` and `enter`; grant the others by name.
   */
  readonly allow?: { readonly [V in Verb | '*']?: GrantInput | readonly GrantInput[] };
  /** Keep messages? `true`: 1000 messages of the last 24 h. Default: false. */
  readonly history?: boolean | { readonly count?: number; readonly age?: DurationInput };
  /** Do messages name their publisher? Default: true. */
  readonly from?: boolean;
  /** What happens to a slow subscription. Default: `replay` with history, `drop` without. */
  readonly slow?: 'replay' | 'latest' | 'drop' | 'disconnect';
  /** With `slow: latest`: the newest message of each publisher (`from`) or value of a tag (`tag:symbol`). */
  readonly latestBy?: 'from' | `tag:${string}`;
  /**
   * Subscriptions and pages of history contain only messages that fulfil this filter. The value
   * `claim:<name>` stands for the values of a claim of the token: `{ tags: { team: 'claim:teams' } }`.
   */
  readonly only?: Filter;
  /**
   * Messages that are published to channels of these patterns are also appended to this one:
   * `['orders:*']`, `[{ channel: 'logs:**', where: { tags: { level: 'error' } } }]`. A `{param}` of
   * this rule's pattern takes its value from the pattern that binds it.
   */
  readonly bind?: readonly BindInput[];
  /** Publishes per second of one connection, with bursts of five seconds' worth. Default: unlimited. */
  readonly rate?: number;
  /** How presence works. */
  readonly presence?: {
    readonly grace?: DurationInput;
    readonly interval?: DurationInput;
    readonly listUpTo?: number;
    readonly state?: SizeInput;
  };
  /** Messages that are published later. Default: none. */
  readonly schedule?: {
    /** Longest delay. Default: 30d. */
    readonly maxDelay?: DurationInput;
    /** Maximum number of messages of the rule that wait. Default: 10000. */
    readonly max?: number;
  };
  /** When messages expire. Default: only those that are published with a `ttl`. */
  readonly ttl?: {
    /** For messages that are published without a `ttl`. Default: never. */
    readonly default?: DurationInput;
    /** The longest `ttl` that a publisher may give. Default: 365d. */
    readonly max?: DurationInput;
  };
  /** Requests to the responders of the channel. */
  readonly requests?: {
    /** Milliseconds until the first reply, and between two. Default: 10s. */
    readonly timeout?: DurationInput;
    /** Longest timeout that a requester may choose. Default: 1m. */
    readonly maxTimeout?: DurationInput;
    /** Maximum number of replies to one request. Default: 10000. */
    readonly maxReplies?: number;
  };
  /** The hook with a URL that answers the requests of the channels, by its name. Default: responders do. */
  readonly respond?: string;
  /** Maximum `data` of a message. Default: 64KiB. */
  readonly maxPayload?: SizeInput;
  /** How long a publish's idempotency key is remembered. Default: 5m. */
  readonly dedupe?: DurationInput;
  /** Makes the channels queues: each message goes to one consumer, until it is acknowledged. */
  readonly queue?: boolean | QueueOptions;
  /** Consumer groups of channels with history, by name; `user-{sub}`: a group for each user. */
  readonly groups?: { readonly [name: string]: GroupOptions };
  /** How long a message may wait, so that the messages of a channel share one write. Default: 0. */
  readonly coalesce?: DurationInput;
}

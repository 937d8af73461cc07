/** What a channel rule says, as it is written: the gateway's own options, in words that a file shared with a browser can use. */

import type { Params } from './patterns.ts';

/** What one may do on a channel. */
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

/** Who wants to do what, for a grant that decides in code. */
export interface GrantContext {
  /** The token's `sub`; `null` for anonymous connections. */
  readonly user: string | null;
  /** All claims of the verified token. */
  readonly claims: Readonly<Record<string, unknown>>;
  readonly channel: string;
  /** What the pattern's `{param}` segments stand for in this channel's name; escapes (SPEC.md section 3.1) are read: `auth0|1`, not `auth0~7C1`. */
  readonly params: Params;
  readonly verb: Verb;
}

/**
 * Decides in code, on the gateway; it may ask a database. Return `true` or `false`, or a promise of one. If it throws, rejects or
 * returns anything else, the gateway logs a fault and the client gets the error `internal`; if it takes longer than five seconds, `unavailable`. It is asked again after each refresh of the token.
 */
export type GrantFunction = (context: GrantContext) => boolean | PromiseLike<boolean>;

/** One grant: everybody, every user, the user that a `{param}` names, those whose claim lists a `{param}`, those of a role, or a function. */
export type GrantInput =
  | 'anyone'
  | 'users'
  | `owner:{${string}}`
  | `claim:${string}:{${string}}`
  | `role:${string}`
  | GrantFunction;

/** What may be done on the channels of a pattern, and how they behave. */
export interface RuleOptions {
  /** Who may do what. Everything else is denied. The key `*` stands for `subscribe`, `publish`, `history`, `presence` and `enter`; grant the others by name. */
  readonly allow?: { readonly [V in Verb | '*']?: GrantInput | readonly GrantInput[] };
  /** Keep messages? `true`: 1000 messages of the last 24 h. Default: false. */
  readonly history?: boolean | { readonly count?: number; readonly age?: DurationInput };
  /** Do messages name their publisher? Default: true. */
  readonly from?: boolean;
  /** What a slow subscription does. Default: `replay` with history, `drop` without. */
  readonly slow?: 'replay' | 'latest' | 'drop' | 'disconnect';
  /** With `slow: latest`: the newest message of each publisher (`from`) or value of a tag (`tag:symbol`). */
  readonly latestBy?: 'from' | `tag:${string}`;
  /** Publishes per second of one connection, five seconds' worth at once. Default: unlimited. */
  readonly rate?: number;
  /** How presence works. */
  readonly presence?: {
    readonly grace?: DurationInput;
    readonly interval?: DurationInput;
    readonly listUpTo?: number;
    readonly state?: SizeInput;
  };
  /** Largest `data` of a message. Default: 64KiB. */
  readonly maxPayload?: SizeInput;
  /** How long a publish's idempotency key is remembered. Default: 5m. */
  readonly dedupe?: DurationInput;
}

import type { Filter, Json, Pattern, Tags } from '@sluice/protocol';
import type { Verb } from './auth/identity.ts';
import type { SigningKey } from './outgoing/signing-key.ts';

/** The operations that a hook can be asked about. */
export const HOOK_KINDS = ['connect', 'subscribe', 'publish', 'enter', 'request', 'recheck'] as const;
/** An operation that a hook can be asked about. */
export type HookKind = (typeof HOOK_KINDS)[number];

/** One question to a hook: may this client do this? */
export interface HookCall {
  readonly hook: HookKind;
  /** The token's `sub`; `null` for anonymous connections. */
  readonly user: string | null;
  /** All claims of the verified token. */
  readonly claims: Readonly<Record<string, unknown>>;
  /** What the hook `connect` has returned as `meta`. */
  readonly meta?: Json;
  /** The id of the connection. Absent over HTTP. */
  readonly connection?: string;
  /** Absent for `connect`. */
  readonly channel?: string;
  /** What the client wants to do: also `history` for `subscribe`, and `subscribe` or `enter` for `recheck`. */
  readonly verb?: Verb;
  /** The payload of a publish or a request. */
  readonly data?: Json;
  /** The event and the tags of a publish. */
  readonly event?: string;
  readonly tags?: Tags;
  /** The state of a member. */
  readonly state?: Json;
}

/** What a hook decides: `true`, `false`, or an object. */
export type HookReply = boolean | HookReplyFields;

/** Each hook accepts `allow`, `message` and `ttl`, and the other fields as noted. */
export interface HookReplyFields {
  readonly allow: boolean;
  /** If it does not allow it: the text of the error that the client receives. */
  readonly message?: string;
  /** `publish`, `request`: replaces the payload. */
  readonly data?: Json;
  /** `publish`: replaces the tags. */
  readonly tags?: Tags;
  /** `connect`, `enter`: what other members see, instead of the token's claim `info`. */
  readonly info?: Json;
  /** `connect`: the gateway adds it to the questions that follow; clients never see it. */
  readonly meta?: Json;
  /** `subscribe`, `recheck`: the client receives only messages that fulfil it, as with `only` of a rule. */
  readonly filter?: Filter;
  /** Milliseconds for which the answer is remembered; overrides the option `ttl`. */
  readonly ttl?: number;
}

/** A hook as a function of the program. */
export type HookFunction = (call: HookCall) => HookReply | PromiseLike<HookReply>;
/** The functions of a hook, by the operation that each is asked about. */
export type HookFunctions = { readonly [Kind in HookKind]?: HookFunction };

/** What happens if a hook fails: the operation is refused, permitted, or decided by the last answer. */
export const FAILURE_POLICIES = ['deny', 'allow', 'cached'] as const;
export type FailurePolicy = (typeof FAILURE_POLICIES)[number];

/** A hook, complete and checked. Durations in ms, sizes in bytes. */
export interface HookConfig {
  readonly name: string;
  readonly on: readonly HookKind[];
  /** The most specific first. */
  readonly channels: readonly Pattern[];
  readonly timeout: number;
  readonly onFailure: FailurePolicy;
  /** How long answers are remembered; 0: they are not. */
  readonly ttl: number;
  readonly target: HttpTarget | FunctionTarget;
}

export interface HttpTarget {
  readonly kind: 'http';
  readonly url: string;
  readonly keys: readonly SigningKey[];
  /** Maximum calls at the same time. */
  readonly concurrency: number;
  readonly maxAnswer: number;
}

export interface FunctionTarget {
  readonly kind: 'functions';
  readonly functions: HookFunctions;
}

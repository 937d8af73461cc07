import type { Conditions, Json } from '@sluice/protocol';
import type { Identity, Verb } from '../auth/identity.ts';
import type { Decision } from '../channels/authorize.ts';
import type { Publication } from '../channels/publication.ts';
import type { Rule } from '../rule.ts';

/**
 * What a function of a rule, or a hook, has decided, for whom and by which rule: in force until the token or
 * the rule is replaced.
 */
export interface Decided {
  readonly identity: Identity;
  readonly verb: Verb;
  /** How many rechecks had been requested when the hooks were asked. */
  readonly rechecks: number;
  /** `undefined`: no rule matches the channel. */
  readonly rule: Rule | undefined;
  readonly decision: Decision;
  /** What a hook has added or replaced, if one was asked. */
  readonly hooked?: Hooked;
  /** A publish whose permission, rate and hooks have been checked. */
  readonly publication?: Publication;
}

/** What a hook returned with its permission. */
export interface Hooked {
  readonly data?: Json;
  readonly info?: Json;
  readonly filter?: Conditions;
}

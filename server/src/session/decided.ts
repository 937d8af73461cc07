import type { Identity, Verb } from '../auth/identity.ts';
import type { Decision } from '../channels/authorize.ts';
import type { Rule } from '../rule.ts';

/**
 * What a function of a rule has decided, for whom and by which rule: in force until the token or
 * the rule is replaced.
 */
export interface Decided {
  readonly identity: Identity;
  readonly verb: Verb;
  /** `undefined`: no rule matches the channel. */
  readonly rule: Rule | undefined;
  readonly decision: Decision;
}

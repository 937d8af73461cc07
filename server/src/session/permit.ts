import type { Identity, Verb } from '../auth/identity.ts';
import { type Authority, authorize, type Decision } from '../channels/authorize.ts';
import type { RuleMatch } from '../channels/rules.ts';
import { Refusal } from '../refusal.ts';
import type { Rule } from '../rule.ts';

/** Whose permission it is. */
export interface PermitHolder {
  readonly identity: Identity;
  readonly services: Authority;
}

/**
 * The permission of a command that is answered later: it is checked again then, because the token
 * may have been replaced.
 */
export class Permit {
  readonly #holder: PermitHolder;
  readonly #verb: Verb;
  readonly #channel: string;
  #identity: Identity;
  #match: RuleMatch;

  constructor(holder: PermitHolder, verb: Verb, channel: string, match: RuleMatch) {
    this.#holder = holder;
    this.#verb = verb;
    this.#channel = channel;
    this.#identity = holder.identity;
    this.#match = match;
  }

  /** What the last check found. */
  get match(): RuleMatch {
    return this.#match;
  }

  /** The channel's rule at the last check. */
  get rule(): Rule {
    return this.#match.rule;
  }

  /**
   * Is it still allowed?
   *
   * @returns `null`, or why it is no longer allowed; a promise only if a function of the rule answers with a promise
   */
  check(): Refusal | null | Promise<Refusal | null> {
    const { identity, services } = this.#holder;
    if (identity === this.#identity && services.rules.holds(this.#channel, this.#match)) return null;
    const asked = authorize(services, identity, this.#verb, this.#channel);
    return asked instanceof Promise
      ? asked.then((decision) => (identity === this.#holder.identity ? this.#note(identity, decision) : this.check()))
      : this.#note(identity, asked);
  }

  #note(identity: Identity, decision: Decision): Refusal | null {
    if (decision instanceof Refusal) return decision;
    this.#identity = identity;
    this.#match = decision;
    return null;
  }
}

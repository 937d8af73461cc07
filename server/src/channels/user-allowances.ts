import { type Allowance, PublishAllowance } from './publish-allowance.ts';

/** Users whose allowances are kept at most; beyond that, the user whose latest publish is the oldest is forgotten. */
const MOST_USERS = 10_000;

/** The allowance of each user who publishes without a connection, over HTTP. */
export class UserAllowances {
  // In the order of their latest publish.
  readonly #users = new Map<string, PublishAllowance>();

  /** A user's allowance. It is remembered from the first publish under a rule that has a rate. */
  of(user: string): Allowance {
    return {
      takePublish: (rule, channel, now) =>
        rule.rate === null ? null : this.#touch(user).takePublish(rule, channel, now),
    };
  }

  #touch(user: string): PublishAllowance {
    const allowance = this.#users.get(user) ?? new PublishAllowance('user');
    this.#users.delete(user);
    this.#users.set(user, allowance);
    const [quietest] = this.#users.keys();
    if (this.#users.size > MOST_USERS && quietest !== undefined) this.#users.delete(quietest);
    return allowance;
  }
}

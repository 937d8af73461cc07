import { Refusal } from '../refusal.ts';
import { type LimitedRule, PublishBuckets } from './publish-buckets.ts';

/** Users whose buckets are kept at most; beyond, the one that has been quiet for longest is forgotten. */
const MOST_USERS = 10_000;

/** How much each user publishes under each rule where no connection keeps count: over HTTP. */
export class PublishRates {
  // In the order of their latest publish.
  readonly #users = new Map<string, PublishBuckets>();

  /** Takes a publish of a user under a rule that limits them. */
  take(
    user: string,
    { pattern, rate }: LimitedRule,
    { channel, now }: { channel: string; now: number },
  ): Refusal | null {
    if (rate === null) return null;
    const wait = this.#touch(user).take(pattern.source, rate, now);
    if (wait === 0) return null;
    const detail = `"${channel}" accepts at most ${rate.perSecond} publishes a second from a user; wait ${wait} ms`;
    return new Refusal('rate_limited', detail, wait);
  }

  #touch(user: string): PublishBuckets {
    const buckets = this.#users.get(user) ?? new PublishBuckets();
    this.#users.delete(user);
    this.#users.set(user, buckets);
    const [quietest] = this.#users.keys();
    if (this.#users.size > MOST_USERS && quietest !== undefined) this.#users.delete(quietest);
    return buckets;
  }
}

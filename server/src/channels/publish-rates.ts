import type { Rate } from '../auth/rule.ts';
import { TokenBucket } from '../util/token-bucket.ts';
import { Refusal } from './refusal.ts';

/** Users whose buckets are kept at most; beyond, the one that has been quiet for longest is forgotten. */
const MOST_USERS = 10_000;

/** How much each user publishes under each rule where no connection keeps count: over HTTP. */
export class PublishRates {
  // In the order of their latest publish.
  readonly #users = new Map<string, Map<Rate, TokenBucket>>();

  /** Takes a publish of a user under a rule that limits them. */
  take(user: string, rate: Rate | null, { channel, now }: { channel: string; now: number }): Refusal | null {
    if (rate === null) return null;
    const buckets = this.#touch(user);
    const bucket = buckets.get(rate) ?? new TokenBucket({ ...rate, now });
    buckets.set(rate, bucket);
    const wait = bucket.take(1, now);
    if (wait === 0) return null;
    const detail = `"${channel}" takes at most ${rate.perSecond} publishes a second from a user; wait ${wait} ms`;
    return new Refusal('rate_limited', detail, wait);
  }

  #touch(user: string): Map<Rate, TokenBucket> {
    const buckets = this.#users.get(user) ?? new Map<Rate, TokenBucket>();
    this.#users.delete(user);
    this.#users.set(user, buckets);
    const [quietest] = this.#users.keys();
    if (this.#users.size > MOST_USERS && quietest !== undefined) this.#users.delete(quietest);
    return buckets;
  }
}

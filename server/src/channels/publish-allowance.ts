import { Refusal } from '../refusal.ts';
import type { Rate, Rule } from '../rule.ts';
import { TokenBucket } from '../util/token-bucket.ts';

/** The part of a rule that limits publishes. */
export type LimitedRule = Pick<Rule, 'pattern' | 'rate'>;

/** How much a publisher may still publish. */
export interface Allowance {
  /**
   * Takes one publish under a rule.
   *
   * @param now monotonic, in milliseconds
   * @returns `null`, or why the publish is over the rule's rate and when to try again
   */
  takePublish(rule: LimitedRule, channel: string, now: number): Refusal | null;
}

interface Bucket {
  readonly rate: Rate;
  readonly tokens: TokenBucket;
}

/**
 * What one publisher has used of each rule's rate. Rules are known by their pattern: a reload that
 * keeps the rate gives no fresh burst.
 */
export class PublishAllowance implements Allowance {
  readonly #publisher: 'connection' | 'user';
  readonly #buckets = new Map<string, Bucket>();

  constructor(publisher: 'connection' | 'user') {
    this.#publisher = publisher;
  }

  takePublish({ pattern, rate }: LimitedRule, channel: string, now: number): Refusal | null {
    if (rate === null) return null;
    const wait = this.#bucket(pattern.source, rate, now).take(1, now);
    if (wait === 0) return null;
    const limit = `at most ${rate.perSecond} publishes a second from a ${this.#publisher}`;
    return new Refusal('rate_limited', `"${channel}" accepts ${limit}; wait ${wait} ms`, wait);
  }

  #bucket(pattern: string, rate: Rate, now: number): TokenBucket {
    const known = this.#buckets.get(pattern);
    if (known !== undefined && isSame(known.rate, rate)) return known.tokens;
    const tokens = new TokenBucket(rate, now);
    this.#buckets.set(pattern, { rate, tokens });
    return tokens;
  }
}

const isSame = (a: Rate, b: Rate): boolean => a === b || (a.perSecond === b.perSecond && a.burst === b.burst);

import type { Rate, Rule } from '../rule.ts';
import { TokenBucket } from '../util/token-bucket.ts';

/** The part of a rule that limits publishes. */
export type LimitedRule = Pick<Rule, 'pattern' | 'rate'>;

interface Bucket {
  readonly rate: Rate;
  readonly tokens: TokenBucket;
}

/** What one publisher has used of each rule's rate. Rules are known by their pattern: a reload that leaves the rate gives no fresh burst. */
export class PublishBuckets {
  readonly #buckets = new Map<string, Bucket>();

  /** @returns 0 if the publish is within the rate; otherwise the milliseconds after which it will be */
  take(pattern: string, rate: Rate, now: number): number {
    const known = this.#buckets.get(pattern);
    if (known !== undefined && isSame(known.rate, rate)) return known.tokens.take(1, now);
    const tokens = new TokenBucket({ ...rate, now });
    this.#buckets.set(pattern, { rate, tokens });
    return tokens.take(1, now);
  }
}

const isSame = (a: Rate, b: Rate): boolean => a === b || (a.perSecond === b.perSecond && a.burst === b.burst);

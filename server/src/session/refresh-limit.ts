import { Refusal } from '../refusal.ts';
import type { Clock } from '../util/clock.ts';
import { TokenBucket } from '../util/token-bucket.ts';

/**
 * Ten refreshes at once, then one every two seconds, in halves of a refresh: the SDK sends one
 * every three seconds at most. SPEC.md section 10.
 */
const RATE = { perSecond: 1, burst: 20 };
const PRICE = 2;
/** Milliseconds after which to retry while another refresh is in progress. */
const BUSY = 1_000;

/**
 * How often one connection may replace its token: each time costs a signature check and a review of
 * everything that the connection holds.
 */
export class RefreshLimit {
  readonly #bucket: TokenBucket;
  #running = false;

  constructor(clock: Clock) {
    this.#bucket = new TokenBucket(RATE, clock.monotonic());
  }

  /** Begins a refresh; `end` must follow unless it was refused. */
  begin(clock: Clock): Refusal | null {
    if (this.#running) return new Refusal('rate_limited', 'a refresh is in progress; retry after 1 s', BUSY);
    const wait = this.#bucket.take(PRICE, clock.monotonic());
    if (wait > 0) {
      return new Refusal('rate_limited', `this connection refreshes its token too often; wait ${wait} ms`, wait);
    }
    this.#running = true;
    return null;
  }

  end(): void {
    this.#running = false;
  }
}

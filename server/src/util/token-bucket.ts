/** What a bucket admits. */
export interface BucketRate {
  /** What flows back per second. */
  readonly perSecond: number;
  /** Size of the full bucket. */
  readonly burst: number;
}

/**
 * Admits an average rate per second, and a burst after a quiet time.
 *
 * Stores what is missing to the full bucket, in thousandths, and whole milliseconds: such integers
 * stay exact, so no rounding error accumulates, and they are small, so V8 stores them inside of the
 * bucket.
 */
export class TokenBucket {
  readonly #rate: BucketRate;
  /** More than the burst: it is in debt. */
  #spent = 0;
  #at: number;

  /** @param now milliseconds */
  constructor(rate: BucketRate, now: number) {
    this.#rate = rate;
    this.#at = Math.floor(now);
  }

  /**
   * Takes from the bucket. What is larger than the full bucket passes when it is full, and is paid for afterwards.
   *
   * @returns 0 if the tokens were taken; otherwise the milliseconds until they are available, and nothing was taken
   */
  take(amount: number, now: number): number {
    this.#refill(now);
    const { perSecond } = this.#rate;
    const burst = this.#rate.burst * 1000;
    const wanted = amount * 1000;
    const missing = this.#spent + Math.min(wanted, burst) - burst;
    if (missing > 0) return Math.ceil(missing / perSecond);
    this.#spent += wanted;
    return 0;
  }

  /**
   * Charges tokens that were used already, even if the bucket goes into debt: the debt is repaid
   * before the next `take`.
   */
  charge(amount: number, now: number): void {
    this.#refill(now);
    this.#spent += Math.round(amount * 1000);
  }

  /** Puts back tokens that were not used. */
  giveBack(amount: number): void {
    this.#spent = Math.max(0, this.#spent - amount * 1000);
  }

  /** Milliseconds until everything that was charged has been paid for. */
  debt(now: number): number {
    this.#refill(now);
    const { perSecond, burst } = this.#rate;
    const debt = this.#spent - burst * 1000;
    return debt > 0 ? Math.ceil(debt / perSecond) : 0;
  }

  #refill(time: number): void {
    const now = Math.floor(time);
    const passed = Math.max(0, now - this.#at);
    this.#at = now;
    this.#spent = Math.max(0, this.#spent - passed * this.#rate.perSecond);
  }
}

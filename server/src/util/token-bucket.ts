/** Admits an average rate per second, and a burst after a quiet time. */
export class TokenBucket {
  readonly #perSecond: number;
  /**
   * The level in thousandths, and time in whole milliseconds: integers stay exact, so no rounding
   * error accumulates, and V8 stores them inside of the bucket.
   */
  readonly #burst: number;
  #level: number;
  #at: number;

  /**
   * @param perSecond what flows back per second
   * @param burst size of the full bucket
   * @param now milliseconds
   */
  constructor({ perSecond, burst, now }: { perSecond: number; burst: number; now: number }) {
    this.#perSecond = perSecond;
    this.#burst = burst * 1000;
    this.#level = this.#burst;
    this.#at = Math.floor(now);
  }

  /**
   * Takes from the bucket. What is larger than the full bucket passes when it is full, and is paid for afterwards.
   *
   * @returns 0 if the tokens were taken; otherwise the milliseconds until they are available, and nothing was taken
   */
  take(amount: number, now: number): number {
    this.#refill(now);
    const wanted = amount * 1000;
    const missing = Math.min(wanted, this.#burst) - this.#level;
    if (missing > 0) return Math.ceil(missing / this.#perSecond);
    this.#level -= wanted;
    return 0;
  }

  /**
   * Charges tokens that were used already, even if the bucket goes into debt: the debt is repaid
   * before the next `take`.
   */
  charge(amount: number, now: number): void {
    this.#refill(now);
    this.#level -= Math.round(amount * 1000);
  }

  /** Milliseconds until everything that was charged has been paid for. */
  debt(now: number): number {
    this.#refill(now);
    return this.#level < 0 ? Math.ceil(-this.#level / this.#perSecond) : 0;
  }

  #refill(time: number): void {
    const now = Math.floor(time);
    const passed = Math.max(0, now - this.#at);
    this.#at = now;
    this.#level = Math.min(this.#burst, this.#level + passed * this.#perSecond);
  }
}

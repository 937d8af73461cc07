/** Lets through so much per second on average, and a burst at once after a quiet time. */
export class TokenBucket {
  readonly #perSecond: number;
  /** As the level: in thousandths, so that whole numbers stay whole and no rounding adds up. */
  readonly #burst: number;
  #level: number;
  #at: number;

  /**
   * @param perSecond what flows back per second
   * @param burst what the full bucket holds
   * @param now milliseconds
   */
  constructor({ perSecond, burst, now }: { perSecond: number; burst: number; now: number }) {
    this.#perSecond = perSecond;
    this.#burst = burst * 1000;
    this.#level = this.#burst;
    this.#at = now;
  }

  /**
   * Takes from the bucket. What is larger than the full bucket passes when it is full, and is paid for afterwards.
   *
   * @returns 0 when it was taken; otherwise the milliseconds after which it could be, and nothing was taken
   */
  take(amount: number, now: number): number {
    this.#refill(now);
    const wanted = amount * 1000;
    const missing = Math.min(wanted, this.#burst) - this.#level;
    if (missing > 0) return Math.ceil(missing / this.#perSecond);
    this.#level -= wanted;
    return 0;
  }

  /** Takes what has been used already, even where the bucket does not hold it: it is paid for before the next `take`. */
  charge(amount: number, now: number): void {
    this.#refill(now);
    this.#level -= amount * 1000;
  }

  /** Milliseconds until everything that was charged has been paid for. */
  debt(now: number): number {
    this.#refill(now);
    return this.#level < 0 ? Math.ceil(-this.#level / this.#perSecond) : 0;
  }

  #refill(now: number): void {
    const passed = Math.max(0, now - this.#at);
    this.#at = now;
    this.#level = Math.min(this.#burst, this.#level + passed * this.#perSecond);
  }
}

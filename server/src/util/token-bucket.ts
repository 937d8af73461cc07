/** Lets through so much per second on average, and a burst at once after a quiet time. */
export class TokenBucket {
  readonly #perSecond: number;
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
    this.#burst = burst;
    this.#level = burst;
    this.#at = now;
  }

  /**
   * Takes from the bucket, as long as something is in it: what is larger than the burst still passes, and is paid for later.
   *
   * @returns 0 when it was taken; otherwise the milliseconds after which it could be, and nothing was taken
   */
  take(amount: number, now: number): number {
    this.#level = Math.min(this.#burst, this.#level + (Math.max(0, now - this.#at) / 1000) * this.#perSecond);
    this.#at = now;
    if (this.#level >= Math.min(amount, this.#burst)) {
      this.#level -= amount;
      return 0;
    }
    return Math.max(1, Math.ceil(((Math.min(amount, this.#burst) - this.#level) / this.#perSecond) * 1000));
  }
}

/**
 * How many messages may be sent and not acknowledged: the maximum, or one after a failure, and one more
 * for each that is acknowledged. So what a broker refuses has few messages behind it, which it would
 * get again and again.
 */
export class SlowStart {
  readonly #most: number;
  #now: number;

  constructor(most: number) {
    this.#most = most;
    this.#now = most;
  }

  get now(): number {
    return this.#now;
  }

  failed(): void {
    this.#now = 1;
  }

  acknowledged(count: number): void {
    this.#now = Math.min(this.#most, this.#now + count);
  }
}

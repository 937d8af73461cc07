/** Milliseconds before the first retry, and at most. */
const FIRST = 250;
const MOST = 10_000;

/** Waits that double, and vary, so that bridges that failed together do not return together. */
export class Backoff {
  readonly #random: () => number;
  #failures = 0;

  /** @param random from 0 to 1 */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** It works: the next wait is short again. */
  reset(): void {
    this.#failures = 0;
  }

  /** Milliseconds until the next attempt. */
  next(): number {
    const longest = Math.min(MOST, FIRST * 2 ** Math.min(this.#failures++, 20));
    return Math.round(longest * (0.5 + this.#random() / 2));
  }
}

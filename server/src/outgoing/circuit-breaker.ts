import type { Clock } from '../util/clock.ts';

export interface BreakerOptions {
  readonly clock: Clock;
  /** A number from 0 to 1. */
  readonly random?: () => number;
  /** Called when it opens, with the milliseconds until the next attempt, and when it closes (0). */
  readonly onChange?: (pause: number) => void;
}

/** Failures in a row that open it. */
const MOST_FAILURES = 5;
/** Milliseconds until the first attempt, and the longest pause. */
const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 30_000;

/**
 * Stops calling a service that fails: after several failures in a row, all calls fail at once. After
 * a pause one call is let through; if it fails too, the next pause is longer.
 */
export class CircuitBreaker {
  readonly #options: BreakerOptions;
  #failures = 0;
  #pause = 0;
  #openUntil: number | undefined;
  #isProbing = false;

  constructor(options: BreakerOptions) {
    this.#options = options;
  }

  get isOpen(): boolean {
    return this.#openUntil !== undefined;
  }

  /** May a call be made now? Every permitted call must be followed by `succeeded`, `failed` or `learnedNothing`. */
  permits(): boolean {
    if (this.#openUntil === undefined) return true;
    if (this.#isProbing || this.#options.clock.monotonic() < this.#openUntil) return false;
    this.#isProbing = true;
    return true;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#isProbing = false;
    if (this.#openUntil === undefined) return;
    this.#openUntil = undefined;
    this.#pause = 0;
    this.#options.onChange?.(0);
  }

  /** The call failed for a reason that says nothing about the service: another one is let through in its place. */
  learnedNothing(): void {
    this.#isProbing = false;
  }

  failed(): void {
    this.#failures++;
    // Calls that were on their way when it opened do not make the pause longer.
    if (this.#openUntil === undefined ? this.#failures >= MOST_FAILURES : this.#isProbing) this.#open();
  }

  #open(): void {
    const { clock, random = Math.random, onChange } = this.#options;
    this.#isProbing = false;
    this.#pause = this.#pause === 0 ? FIRST_PAUSE : Math.min(this.#pause * 2, LONGEST_PAUSE);
    const pause = Math.round(this.#pause * (0.8 + 0.4 * random()));
    this.#openUntil = clock.monotonic() + pause;
    onChange?.(pause);
  }
}

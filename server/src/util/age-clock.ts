import type { Clock } from './clock.ts';

/** How much faster than time itself it may run, to catch up with a wall clock that was set forward. */
const HURRY = 1.1;

/**
 * Tells how old things are that were stamped by the wall clock, e.g. messages and revocations: whether they are over.
 *
 * It is never ahead of the wall clock, and never runs more than a tenth faster than time passes. So when the wall clock is set forward nothing is
 * over early; when it is set back, what was stamped before lasts longer by as much.
 */
export class AgeClock {
  readonly #clock: Clock;
  #now: number;
  #looked: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#now = clock.now();
    this.#looked = clock.monotonic();
  }

  /** Milliseconds since the Unix epoch, as far as the age of things is concerned. */
  now(): number {
    const monotonic = this.#clock.monotonic();
    const most = this.#now + (monotonic - this.#looked) * HURRY;
    this.#looked = monotonic;
    this.#now = Math.min(this.#clock.now(), most);
    return Math.floor(this.#now);
  }
}

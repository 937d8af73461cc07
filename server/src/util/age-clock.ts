import type { Clock } from './clock.ts';

/** How much faster than time itself it may run, to catch up with a wall clock that was set forward. */
const HURRY = 1.1;
/**
 * If it is behind by more than this, it adopts the wall clock when that was not set for as long.
 * Otherwise it would lag for half a day or longer.
 */
const HOUR = 3_600_000;
/** What time servers correct without setting the clock, per hour: at most 1.8 seconds. */
const SLEW = 5_000;

/**
 * Computes the age of things stamped by the wall clock, such as messages and revocations, and
 * whether they have expired.
 *
 * It is never ahead of the wall clock and runs at most a tenth faster than time passes, so after
 * the wall clock is set forward nothing is over early; after it is set back, what was stamped
 * before lasts longer by as much. If it is more than an hour behind, e.g. because the machine slept
 * or started without the time, it takes over the wall clock after an hour in which nobody has set
 * that one: whatever is younger than that hour was stamped by the new time.
 */
export class AgeClock {
  readonly #clock: Clock;
  #now: number;
  #looked: number;
  /** By how much the wall clock is ahead of the monotonic one, and since when. */
  #ahead: number;
  #since: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#now = clock.now();
    this.#looked = clock.monotonic();
    this.#ahead = this.#now - this.#looked;
    this.#since = this.#looked;
  }

  /** Milliseconds since the Unix epoch, for the age of stored things. */
  now(): number {
    const monotonic = this.#clock.monotonic();
    const wall = this.#clock.now();
    const most = this.#now + (monotonic - this.#looked) * HURRY;
    this.#looked = monotonic;
    this.#noticeStep(wall, monotonic);
    const isSettled = monotonic - this.#since >= HOUR;
    this.#now = isSettled && wall - most > HOUR ? wall : Math.min(wall, most);
    return Math.floor(this.#now);
  }

  #noticeStep(wall: number, monotonic: number): void {
    const ahead = wall - monotonic;
    if (Math.abs(ahead - this.#ahead) <= SLEW) return;
    this.#ahead = ahead;
    this.#since = monotonic;
  }
}

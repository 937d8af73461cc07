import type { Clock, Timer } from './clock.ts';

/** Milliseconds between two looks. */
const LOOK = 1_000;
/**
 * What the wall clock goes ahead, or stays behind, before it counts as set: time servers correct
 * less than this unnoticed.
 */
const STEP = 1_000;

/**
 * Detects that the wall clock was set, or that the machine slept: timers for a time of day must be
 * calculated again.
 */
export class ClockSteps {
  readonly #clock: Clock;
  readonly #onStep: (by: number) => void;
  #ahead: number;
  #timer: Timer | undefined;

  /** @param onStep called with the milliseconds by which the wall clock was set forward, or back if negative */
  constructor(clock: Clock, onStep: (by: number) => void) {
    this.#clock = clock;
    this.#onStep = onStep;
    this.#ahead = this.#difference();
  }

  start(): void {
    this.#timer = this.#clock.after(LOOK, () => {
      this.start();
      this.#look();
    });
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #look(): void {
    const ahead = this.#difference();
    const by = ahead - this.#ahead;
    if (Math.abs(by) < STEP) return;
    this.#ahead = ahead;
    this.#onStep(by);
  }

  /** By how much the wall clock is ahead of the monotonic one. */
  #difference(): number {
    return this.#clock.now() - this.#clock.monotonic();
  }
}

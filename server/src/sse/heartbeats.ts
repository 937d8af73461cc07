import type { Clock, Timer } from '../util/clock.ts';

/** A stream that sends signs of life. */
export interface Beating {
  beat(): void;
}

/** Milliseconds between two steps. */
const STEP = 1_000;

/**
 * Makes each stream send a sign of life once per interval, a fraction of the streams in each step,
 * so that no step is long.
 */
export class Heartbeats {
  readonly #clock: Clock;
  readonly #interval: number;
  /** In the order of waiting: the first has waited longest. */
  readonly #waiting = new Set<Beating>();
  /** Streams that are due in this step, with the fractional rest. */
  #due = 0;
  #timer: Timer | undefined;

  constructor(clock: Clock, interval: number) {
    this.#clock = clock;
    this.#interval = Math.max(STEP, interval);
  }

  add(beating: Beating): void {
    this.#waiting.add(beating);
    this.#timer ??= this.#clock.after(STEP, () => this.#step());
  }

  remove(beating: Beating): void {
    this.#waiting.delete(beating);
  }

  #step(): void {
    this.#timer = undefined;
    this.#due += (this.#waiting.size * STEP) / this.#interval;
    for (const beating of this.#waiting) {
      if (this.#due < 1) break;
      this.#due--;
      this.#waiting.delete(beating);
      this.#waiting.add(beating);
      beating.beat();
    }
    if (this.#waiting.size > 0) this.#timer = this.#clock.after(STEP, () => this.#step());
  }

  stop(): void {
    this.#waiting.clear();
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}

import { TimerQueue } from './timer-queue.ts';

/** Time, as an object that tests can hold still. */
export interface Clock {
  /**
   * Milliseconds since the Unix epoch: the wall clock, which may be set forward or back at any
   * moment. Only for time stamps and for what tokens and revocations say;
   * `server/test/wall-clock.test.ts` has the list of who may ask it.
   */
  now(): number;
  /**
   * Milliseconds of a monotonic clock: for durations, limits and leases. It may stand still while
   * the machine sleeps.
   */
  monotonic(): number;
  /**
   * Runs `task` once after `delay` milliseconds, by the monotonic clock; as soon as possible if it is
   * negative.
   *
   * @throws TimerTimeInvalid if it is NaN
   */
  after(delay: number, task: () => void): Timer;
}

export interface Timer {
  cancel(): void;
}

/** Maximum delay of Node's own timers in milliseconds (2^31 − 1). */
const LONGEST = 2_147_483_647;

/**
 * The clock of the machine. All its timers share one timer of Node: each connection has timers, and
 * one of Node's with a list of its own for each delay takes several times the memory.
 */
class SystemClock implements Clock {
  readonly #timers = new TimerQueue(() => this.#arm());
  #handle: NodeJS.Timeout | undefined;
  #armedFor = Number.POSITIVE_INFINITY;

  now(): number {
    return Date.now();
  }

  monotonic(): number {
    return performance.now();
  }

  after(delay: number, task: () => void): Timer {
    // Whole milliseconds, because V8 stores other numbers outside of the timer.
    const timer = this.#timers.add(Math.ceil(this.monotonic() + delay), task);
    if (timer.at < this.#armedFor) this.#arm();
    return timer;
  }

  #arm(): void {
    clearTimeout(this.#handle);
    const at = this.#timers.next;
    this.#armedFor = at;
    if (at === Number.POSITIVE_INFINITY) return;
    const delay = Math.ceil(at - this.monotonic());
    this.#handle = setTimeout(() => this.#ring(), Math.max(0, Math.min(LONGEST, delay)));
  }

  /** A task that throws does not stop the others. */
  #ring(): void {
    const now = this.monotonic();
    try {
      for (let task = this.#timers.take(now); task !== undefined; task = this.#timers.take(now)) task();
    } finally {
      this.#arm();
    }
  }
}

export const systemClock: Clock = new SystemClock();

/** Start of the monotonic clock in tests: far from every time of day, so that mixing up both clocks fails a test. */
const BEGIN = 5_000;

/** A clock that moves only when it is advanced. */
export class ManualClock implements Clock {
  #wall: number;
  #monotonic = BEGIN;
  readonly #timers = new TimerQueue();

  constructor(now = 1_700_000_000_000) {
    this.#wall = now;
  }

  now(): number {
    return this.#wall;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  after(delay: number, task: () => void): Timer {
    return this.#timers.add(this.#monotonic + delay, task);
  }

  /** Number of running timers, to test that nothing leaves one behind. */
  get running(): number {
    return this.#timers.size;
  }

  /** Sets the wall clock forward, or back; no time passes. */
  set(by: number): void {
    this.#wall += by;
  }

  /** Lets `duration` milliseconds pass and runs what falls due, in order. */
  advance(duration: number): void {
    const end = this.#monotonic + duration;
    for (let at = this.#timers.next; at <= end; at = this.#timers.next) {
      this.#pass(at);
      this.#timers.take(at)?.();
    }
    this.#pass(end);
  }

  #pass(until: number): void {
    const passed = Math.max(0, until - this.#monotonic);
    this.#monotonic += passed;
    this.#wall += passed;
  }
}

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
  /** Runs `task` once after `delay` milliseconds, by the monotonic clock. */
  after(delay: number, task: () => void): Timer;
}

export interface Timer {
  cancel(): void;
}

/** Node's own timers reach no further than this many milliseconds (2^31 − 1); longer waits are cut into pieces. */
const LONGEST = 2_147_483_647;

class SystemTimer implements Timer {
  #handle: NodeJS.Timeout;

  constructor(delay: number, task: () => void) {
    this.#handle = this.#arm(delay, task);
  }

  #arm(delay: number, task: () => void): NodeJS.Timeout {
    if (delay <= LONGEST) return setTimeout(task, delay);
    return setTimeout(() => {
      this.#handle = this.#arm(delay - LONGEST, task);
    }, LONGEST);
  }

  cancel(): void {
    clearTimeout(this.#handle);
  }
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (delay, task) => new SystemTimer(delay, task),
};

interface Alarm {
  readonly at: number;
  readonly task: () => void;
}

/** Start of the monotonic clock in tests: far from every time of day, so that mixing up both clocks fails a test. */
const BEGIN = 5_000;

/** A clock that moves only when it is advanced. */
export class ManualClock implements Clock {
  #wall: number;
  #monotonic = BEGIN;
  readonly #alarms = new Set<Alarm>();

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
    const alarm = { at: this.#monotonic + delay, task };
    this.#alarms.add(alarm);
    return { cancel: () => this.#alarms.delete(alarm) };
  }

  /** Number of running timers, to test that nothing leaves one behind. */
  get running(): number {
    return this.#alarms.size;
  }

  /** Sets the wall clock forward, or back; no time passes. */
  set(by: number): void {
    this.#wall += by;
  }

  /** Lets `duration` milliseconds pass and runs what falls due, in order. */
  advance(duration: number): void {
    const end = this.#monotonic + duration;
    for (let next = this.#due(end); next !== undefined; next = this.#due(end)) {
      this.#pass(next.at);
      this.#alarms.delete(next);
      next.task();
    }
    this.#pass(end);
  }

  #pass(until: number): void {
    const passed = Math.max(0, until - this.#monotonic);
    this.#monotonic += passed;
    this.#wall += passed;
  }

  #due(end: number): Alarm | undefined {
    let first: Alarm | undefined;
    for (const alarm of this.#alarms) {
      if (alarm.at <= end && (first === undefined || alarm.at < first.at)) first = alarm;
    }
    return first;
  }
}

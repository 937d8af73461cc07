/** Time, as an object that tests can hold still. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Runs `task` once after `delay` milliseconds. */
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
  after: (delay, task) => new SystemTimer(delay, task),
};

interface Alarm {
  readonly at: number;
  readonly task: () => void;
}

/** A clock that only moves when it is told to. */
export class ManualClock implements Clock {
  #now: number;
  readonly #alarms = new Set<Alarm>();

  constructor(now = 1_700_000_000_000) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  after(delay: number, task: () => void): Timer {
    const alarm = { at: this.#now + delay, task };
    this.#alarms.add(alarm);
    return { cancel: () => this.#alarms.delete(alarm) };
  }

  /** How many timers are running: what a closed thing must not leave behind. */
  get running(): number {
    return this.#alarms.size;
  }

  /** Lets `duration` milliseconds pass and runs what falls due, in order. */
  advance(duration: number): void {
    const end = this.#now + duration;
    for (let next = this.#due(end); next !== undefined; next = this.#due(end)) {
      this.#now = Math.max(this.#now, next.at);
      this.#alarms.delete(next);
      next.task();
    }
    this.#now = end;
  }

  #due(end: number): Alarm | undefined {
    let first: Alarm | undefined;
    for (const alarm of this.#alarms) {
      if (alarm.at <= end && (first === undefined || alarm.at < first.at)) first = alarm;
    }
    return first;
  }
}

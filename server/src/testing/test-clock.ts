import { parseDuration } from '../config/values.ts';
import type { Clock, Timer } from '../util/clock.ts';

// Taken when this module is loaded: a test that fakes timers afterwards must not stop a gateway whose sockets are real.
const { setTimeout, clearTimeout, setImmediate } = globalThis;
const realNow = Date.now.bind(Date);
const realMonotonic = performance.now.bind(performance);

/** Node's own timers reach no further than this many milliseconds (2^31 − 1). */
const LONGEST = 2_147_483_647;

/** The gateway writes when a turn of the event loop ends: after this one, and the one in which its own promises have settled, all is written. */
export async function turnsEnd(): Promise<void> {
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
}

interface Alarm {
  readonly at: number;
  readonly task: () => void;
}

/**
 * A clock that runs with real time, and can be put forward: tokens expire, history ages and grace periods end without waiting.
 *
 * It never stands still, so that nothing that waits for it hangs.
 */
export class TestClock implements Clock {
  readonly #alarms = new Set<Alarm>();
  #offset = 0;
  #timer: NodeJS.Timeout | undefined;
  #armedFor = Number.POSITIVE_INFINITY;

  /** Milliseconds since the Unix epoch, as the gateway sees it. */
  now(): number {
    return realNow() + this.#offset;
  }

  /** Milliseconds by a clock that is put forward with this one, and that nobody sets. */
  monotonic(): number {
    return realMonotonic() + this.#offset;
  }

  after(delay: number, task: () => void): Timer {
    const alarm = { at: this.monotonic() + delay, task };
    this.#alarms.add(alarm);
    if (alarm.at < this.#armedFor) this.#arm(alarm.at);
    return { cancel: () => this.#alarms.delete(alarm) };
  }

  /**
   * Puts the clock forward, by milliseconds or a text like `5s`, `10m`, `24h`; what falls due on the way happens in its order, each at its time.
   *
   * @returns resolves when the gateway has written what it had to say about that to its sockets
   * @throws TypeError when that is no duration
   */
  async advance(duration: number | string): Promise<void> {
    const length = typeof duration === 'number' ? duration : parseDuration(duration);
    if (length === null || !(length >= 0)) {
      throw new TypeError(`"${duration}" is not a duration: write milliseconds, or "5s", "10m", "24h"`);
    }
    const offset = this.#offset + length;
    const end = realMonotonic() + offset;
    for (let next = this.#first(); next !== undefined && next.at <= end; next = this.#first()) {
      this.#offset = Math.max(this.#offset, next.at - realMonotonic());
      this.#run(next);
    }
    this.#offset = Math.max(this.#offset, offset);
    this.#rearm();
    await turnsEnd();
  }

  /** Stops all that runs on it. */
  close(): void {
    this.#alarms.clear();
    this.#rearm();
  }

  #first(): Alarm | undefined {
    let first: Alarm | undefined;
    for (const alarm of this.#alarms) if (first === undefined || alarm.at < first.at) first = alarm;
    return first;
  }

  #run(alarm: Alarm): void {
    this.#alarms.delete(alarm);
    alarm.task();
  }

  #arm(at: number): void {
    clearTimeout(this.#timer);
    this.#armedFor = at;
    this.#timer = setTimeout(() => this.#ring(), Math.min(LONGEST, Math.max(0, at - this.monotonic())));
  }

  #rearm(): void {
    clearTimeout(this.#timer);
    this.#armedFor = Number.POSITIVE_INFINITY;
    const first = this.#first();
    if (first !== undefined) this.#arm(first.at);
  }

  #ring(): void {
    const now = this.monotonic();
    for (let next = this.#first(); next !== undefined && next.at <= now; next = this.#first()) this.#run(next);
    this.#rearm();
  }
}

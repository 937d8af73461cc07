import { parseDuration } from '../config/values.ts';
import type { Clock, Timer } from '../util/clock.ts';

// Read when this module is loaded: a test that fakes timers afterwards must not stop a gateway with
// real sockets.
const { setTimeout, clearTimeout, setImmediate } = globalThis;
const realNow = Date.now.bind(Date);
const realMonotonic = performance.now.bind(performance);

/** Maximum delay of Node's own timers in milliseconds (2^31 − 1). */
const LONGEST = 2_147_483_647;

/**
 * The gateway writes at the end of a turn of the event loop: after this turn, and the one in which
 * its own promises have settled, everything is written.
 */
export async function turnsEnd(): Promise<void> {
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
}

interface Alarm {
  readonly at: number;
  readonly task: () => void;
}

/**
 * A clock that runs with real time, and can be advanced: tokens expire, history ages and grace
 * periods end without waiting.
 *
 * The clock never stops, so that waiting code does not hang.
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

  /** Monotonic milliseconds, which advance with this clock and are never set back. */
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
   * Advances the clock, by milliseconds or a text like `5s`, `10m`, `24h`. Timers that fall due in
   * between run in order, each at its time.
   *
   * @returns resolves when the gateway has written the resulting pushes to its sockets
   * @throws TypeError if the argument is not a duration
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

  /** Cancels all its timers. */
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

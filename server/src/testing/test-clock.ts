import { parseDuration } from '../config/values.ts';
import type { Clock, Timer } from '../util/clock.ts';
import { TimerQueue } from '../util/timer-queue.ts';

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

/**
 * A clock that runs with real time, and can be advanced: tokens expire, history ages and grace
 * periods end without waiting.
 *
 * The clock never stops, so that waiting code does not hang.
 */
export class TestClock implements Clock {
  readonly #timers = new TimerQueue();
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
    const timer = this.#timers.add(this.monotonic() + delay, task);
    if (timer.at < this.#armedFor) this.#arm(timer.at);
    return timer;
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
    for (let at = this.#timers.next; at <= end; at = this.#timers.next) {
      this.#offset = Math.max(this.#offset, at - realMonotonic());
      this.#timers.take(at)?.();
    }
    this.#offset = Math.max(this.#offset, offset);
    this.#rearm();
    await turnsEnd();
  }

  /** Cancels all its timers. */
  close(): void {
    this.#timers.clear();
    this.#rearm();
  }

  #arm(at: number): void {
    clearTimeout(this.#timer);
    this.#armedFor = at;
    this.#timer = setTimeout(() => this.#ring(), Math.min(LONGEST, Math.max(0, at - this.monotonic())));
  }

  #rearm(): void {
    clearTimeout(this.#timer);
    this.#armedFor = Number.POSITIVE_INFINITY;
    if (this.#timers.size > 0) this.#arm(this.#timers.next);
  }

  #ring(): void {
    const now = this.monotonic();
    for (let task = this.#timers.take(now); task !== undefined; task = this.#timers.take(now)) task();
    this.#rearm();
  }
}

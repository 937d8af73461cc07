import type { Clock, Timer } from '../../util/clock.ts';

/** Milliseconds between two pushes of progress. SPEC.md section 7.3, rule 5. */
export const PROGRESS_INTERVAL = 1_000;
/** Channels that are due at once; the next ones follow in another turn, so that turns stay short. */
const SLICE = 256;

/**
 * Channels with filtered cursors whose head has moved: each falls due an interval later. One timer
 * for all of them, and none while no such channel has news.
 */
export class ProgressSchedule<Channel> {
  readonly #clock: Clock;
  readonly #due: (channel: Channel) => void;
  /** In the order in which they fall due. */
  readonly #waiting = new Map<Channel, number>();
  #timer: Timer | undefined;

  constructor(clock: Clock, due: (channel: Channel) => void) {
    this.#clock = clock;
    this.#due = due;
  }

  /** The head has moved. A channel that already waits keeps its time. */
  add(channel: Channel): void {
    if (this.#waiting.has(channel)) return;
    this.#waiting.set(channel, this.#clock.monotonic() + PROGRESS_INTERVAL);
    this.#arm(PROGRESS_INTERVAL);
  }

  /** The channel has no filtered cursors any more. */
  delete(channel: Channel): void {
    if (!this.#waiting.delete(channel) || this.#waiting.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #arm(delay: number): void {
    this.#timer ??= this.#clock.after(delay, () => this.#fire());
  }

  #fire(): void {
    this.#timer = undefined;
    const now = this.#clock.monotonic();
    let taken = 0;
    for (const [channel, time] of this.#waiting) {
      if (time > now || taken === SLICE) {
        this.#arm(Math.max(1, time - now));
        return;
      }
      taken++;
      this.#waiting.delete(channel);
      this.#due(channel);
    }
  }
}

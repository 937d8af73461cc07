import type { Clock, Timer } from '@sluice/server/bridging';
import { unlessLost } from './unless-lost.ts';

/** Milliseconds for which a broker may confirm nothing while something is sent: less than a delivery may take. */
const CONFIRM = 60_000;
const SLOW = 'If it is slow, lower "inFlight", the number of messages that are sent together';

export interface ConfirmTimerParts {
  readonly clock: Clock;
  /** Why the broker confirms nothing at the moment, if it says so. */
  readonly why: () => string | undefined;
}

/** Gives a broker up that confirms nothing for a while. Each confirmed record begins the time again, so that a slow one is not given up. */
export class ConfirmTimer {
  readonly #parts: ConfirmTimerParts;
  readonly #late = new AbortController();
  #sending = 0;
  #timer: Timer | undefined;

  constructor(parts: ConfirmTimerParts) {
    this.#parts = parts;
  }

  /** Waits until something was sent. Rejects if nothing at all is confirmed in time. */
  async during(sending: Promise<void>): Promise<void> {
    this.#sending++;
    if (this.#sending === 1) this.confirmed();
    try {
      await unlessLost(this.#late.signal, sending);
    } finally {
      this.#sending--;
      this.confirmed();
    }
  }

  /** The broker has confirmed something, or accepted something that it does not confirm. */
  confirmed(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#sending > 0) this.#timer = this.#parts.clock.after(CONFIRM, () => this.#giveUp());
  }

  /** Nothing waits any more for what was sent, also if the client never says what became of it. */
  end(reason: unknown): void {
    this.#late.abort(reason);
  }

  #giveUp(): void {
    const why = this.#parts.why();
    const what = `the broker did not confirm within ${CONFIRM / 1_000} s`;
    this.#late.abort(new Error(why === undefined ? `${what}. ${SLOW}` : `${what}: ${why}`));
  }
}

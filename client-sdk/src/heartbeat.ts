import { now } from './now.ts';
import { after, type Cancel, nothing } from './timer.ts';

/** How long an answer may take, in milliseconds. */
export const PATIENCE = 10_000;

/** Notices that nothing is heard any more. SPEC.md section 1. */
export class Heartbeat {
  readonly #ping: () => void;
  #every = 0;
  #heard = 0;
  // How long the answer that is waited for may take.
  #within = Number.POSITIVE_INFINITY;
  #cancelDeadline: Cancel = nothing;

  constructor(ping: () => void) {
    this.#ping = ping;
  }

  /** @param every milliseconds of silence after which to ask for a sign of life; by default it never does */
  start(every = Number.POSITIVE_INFINITY): void {
    this.#every = every;
    this.heard();
  }

  /** Something arrived. */
  heard(): void {
    this.#heard = now();
    this.#within = Number.POSITIVE_INFINITY;
    this.#cancelDeadline();
  }

  /** Has it been silent for too long? In a new connection, since it was begun. */
  silent(most = this.#every): boolean {
    return now() - this.#heard >= most;
  }

  /** Sends a ping now; unless something is heard in so many milliseconds, the connection is dead. */
  probe(within: number, dead: () => void): void {
    if (within >= this.#within) return;
    this.#within = within;
    this.#cancelDeadline();
    // A page that was busy reads what has arrived meanwhile before it judges.
    this.#cancelDeadline = after(within, () => {
      this.#cancelDeadline = after(0, dead);
    });
    this.#ping();
  }
}

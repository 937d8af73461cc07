import { now } from './now.ts';
import { after, type Cancel, nothing } from './timer.ts';

/** Milliseconds to wait for a pong. */
export const PATIENCE = 10_000;

/** Detects a silent peer. SPEC.md section 1. */
export class Heartbeat {
  readonly #ping: () => void;
  #every = 0;
  #heard = 0;
  // The pending probe's time limit.
  #within = Number.POSITIVE_INFINITY;
  #cancelDeadline: Cancel = nothing;

  constructor(ping: () => void) {
    this.#ping = ping;
  }

  /** @param every milliseconds of silence until a ping is due; default: never */
  start(every = Number.POSITIVE_INFINITY): void {
    this.#every = every;
    this.heard();
  }

  /** A message arrived. */
  heard(): void {
    this.#heard = now();
    this.#within = Number.POSITIVE_INFINITY;
    this.#cancelDeadline();
  }

  /** Was the peer silent for this long? In a new connection, since its start. */
  silent(most = this.#every): boolean {
    return now() - this.#heard >= most;
  }

  /** Sends a ping; calls `dead` if nothing arrives within this many milliseconds. */
  probe(within: number, dead: () => void): void {
    if (within >= this.#within) return;
    this.#within = within;
    this.#cancelDeadline();
    // Let a page that was busy first read the messages that have arrived.
    this.#cancelDeadline = after(within, () => {
      this.#cancelDeadline = after(0, dead);
    });
    this.#ping();
  }
}

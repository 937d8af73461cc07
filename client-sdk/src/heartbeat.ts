import { after, type Cancel, nothing } from './timer.ts';

/** How long an answer may take after something that hints at a dead connection, in milliseconds. */
export const SHORT = 3000;

// How often the clock is looked at. A look that comes much later than asked for means that the machine slept.
const LOOK = 5000;

/** Notices that nothing is heard any more. SPEC.md section 1. */
export class Heartbeat {
  readonly #ping: () => void;
  readonly #dead: () => void;
  #every = 0;
  #heard = 0;
  #looked = 0;
  #deadline = Number.POSITIVE_INFINITY;
  #cancelLook: Cancel = nothing;
  #cancelDeadline: Cancel = nothing;

  constructor({ ping, dead }: { ping: () => void; dead: () => void }) {
    this.#ping = ping;
    this.#dead = dead;
  }

  /** @param every milliseconds of silence after which to ask for a sign of life */
  start(every: number): void {
    this.#every = every;
    this.#looked = Date.now();
    this.heard();
    this.#schedule();
  }

  stop(): void {
    this.#cancelLook();
    this.heard();
  }

  /** Something arrived. */
  heard(): void {
    this.#heard = Date.now();
    this.#deadline = Number.POSITIVE_INFINITY;
    this.#cancelDeadline();
  }

  /** Sends a ping now; unless something is heard in time, the connection is dead. */
  probe(within: number): void {
    const deadline = Date.now() + within;
    if (deadline >= this.#deadline) return;
    this.#deadline = deadline;
    this.#cancelDeadline();
    this.#cancelDeadline = after(within, this.#dead);
    this.#ping();
  }

  #schedule(): void {
    const due = this.#heard + this.#every - Date.now();
    this.#cancelLook = after(due > 0 ? Math.min(due, LOOK) : LOOK, () => this.#look());
  }

  #look(): void {
    const now = Date.now();
    if (now - this.#looked > 2 * LOOK) this.probe(SHORT);
    else if (now - this.#heard >= this.#every) this.probe(2 * LOOK);
    this.#looked = now;
    this.#schedule();
  }
}

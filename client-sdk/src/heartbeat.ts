import { type Cancel, type Environment, nothing } from './environment.ts';

/** How long an answer may take after something that hints at a dead connection, in milliseconds. */
export const SHORT = 3000;

// How often the clock is looked at. A look that comes much later than asked for means that the machine slept.
const LOOK = 5000;

/** Notices that nothing is heard any more. SPEC.md section 1. */
export class Heartbeat {
  readonly #environment: Environment;
  readonly #ping: () => void;
  readonly #dead: () => void;
  #every = 0;
  #heard = 0;
  #looked = 0;
  #deadline = Number.POSITIVE_INFINITY;
  #cancelLook: Cancel = nothing;
  #cancelDeadline: Cancel = nothing;

  constructor(environment: Environment, { ping, dead }: { ping: () => void; dead: () => void }) {
    this.#environment = environment;
    this.#ping = ping;
    this.#dead = dead;
  }

  /** @param every milliseconds of silence after which to ask for a sign of life */
  start(every: number): void {
    this.#every = every;
    this.#looked = this.#environment.now();
    this.heard();
    this.#schedule();
  }

  stop(): void {
    this.#cancelLook();
    this.heard();
  }

  /** Something arrived. */
  heard(): void {
    this.#heard = this.#environment.now();
    this.#deadline = Number.POSITIVE_INFINITY;
    this.#cancelDeadline();
  }

  /** Sends a ping now; unless something is heard in time, the connection is dead. */
  probe(within: number): void {
    const deadline = this.#environment.now() + within;
    if (deadline >= this.#deadline) return;
    this.#deadline = deadline;
    this.#cancelDeadline();
    this.#cancelDeadline = this.#environment.after(within, this.#dead);
    this.#ping();
  }

  #schedule(): void {
    const due = this.#heard + this.#every - this.#environment.now();
    this.#cancelLook = this.#environment.after(due > 0 ? Math.min(due, LOOK) : LOOK, () => this.#look());
  }

  #look(): void {
    const now = this.#environment.now();
    if (now - this.#looked > 2 * LOOK) this.probe(SHORT);
    else if (now - this.#heard >= this.#every) this.probe(2 * LOOK);
    this.#looked = now;
    this.#schedule();
  }
}

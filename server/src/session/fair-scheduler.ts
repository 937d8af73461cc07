import type { Turn } from '../util/turn.ts';

/** Something that has more work than its quota of one turn. */
export interface Resumable {
  /** Continues until its quota of this turn is used up. */
  resume(): void;
}

/**
 * Schedules what has more work than one turn of the event loop allows it: each continues in the
 * next turn, next to all others. So a burst of one connection does not delay the other connections.
 */
export class FairScheduler {
  readonly #turn: Turn;
  #waiting: Set<Resumable> = new Set();

  constructor(turn: Turn) {
    this.#turn = turn;
  }

  /** The number of this turn. */
  get current(): number {
    return this.#turn.count;
  }

  /** How many wait for the next turn. */
  get size(): number {
    return this.#waiting.size;
  }

  /** Resumes it in the next turn. */
  add(work: Resumable): void {
    this.#waiting.add(work);
    this.#turn.schedule();
  }

  /** A new turn: resumes everything that waits. */
  next(): void {
    if (this.#waiting.size === 0) return;
    const work = [...this.#waiting];
    this.#waiting = new Set();
    let done = 0;
    try {
      while (done < work.length) (work[done++] as Resumable).resume();
    } finally {
      // After one has thrown, the rest wait again: otherwise they would never resume.
      for (const left of work.slice(done)) this.add(left);
    }
  }
}

import type { Turn } from '../util/turn.ts';

/** Something that has more to do than one turn allows it. */
export interface Behind {
  /** Goes on, as far as its share of this turn reaches. */
  resume(): void;
}

/**
 * Connections that sent more than their share of a turn: each goes on in the next one, beside all the others.
 *
 * So nobody keeps the event loop, however much one sends at once.
 */
export class Rounds {
  readonly #turn: Turn;
  #behind: Set<Behind> = new Set();

  constructor(turn: Turn) {
    this.#turn = turn;
  }

  /** Which turn this is. */
  get current(): number {
    return this.#turn.count;
  }

  /** How many are behind. */
  get size(): number {
    return this.#behind.size;
  }

  /** Lets it go on in the next turn. */
  add(behind: Behind): void {
    this.#behind.add(behind);
    this.#turn.schedule();
  }

  /** A new turn: everybody who is behind goes on. */
  next(): void {
    if (this.#behind.size === 0) return;
    const behind = [...this.#behind];
    this.#behind = new Set();
    let done = 0;
    try {
      while (done < behind.length) (behind[done++] as Behind).resume();
    } finally {
      // After a mistake with one, all the others: they would otherwise never go on.
      for (const left of behind.slice(done)) this.add(left);
    }
  }
}

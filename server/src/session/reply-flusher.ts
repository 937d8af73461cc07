import type { Turn } from '../util/turn.ts';

/** Something that holds messages until the turn ends. */
export interface Holding {
  release(): void;
}

/** Sends the replies of each session at the end of the turn, so that one frame carries all of them. */
export class ReplyFlusher {
  readonly #turn: Turn;
  #holding: Holding[] = [];

  constructor(turn: Turn) {
    this.#turn = turn;
  }

  add(holding: Holding): void {
    this.#holding.push(holding);
    this.#turn.schedule();
  }

  flush(): void {
    const released = this.#holding;
    this.#holding = []; // first: what is held back from here on waits for the next flush
    let done = 0;
    try {
      while (done < released.length) (released[done++] as Holding).release();
    } finally {
      // After a mistake with one, all the others: what they hold would otherwise never be said.
      for (const left of released.slice(done)) this.add(left);
    }
  }
}

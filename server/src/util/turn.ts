/**
 * The end of the current turn of the event loop.
 *
 * Handlers only collect; what they collected goes out once, when the turn ends. On uWebSockets.js
 * this is what keeps fan-out fast: publishing inside a message handler costs a system call for
 * every 32 messages of every subscriber.
 */
export class Turn {
  readonly #defer: (task: () => void) => void;
  readonly #atEnd: (() => void)[] = [];
  #scheduled = false;
  #count = 0;
  /** Called for a step that threw: a bug in one step must neither stop the others nor end the process. */
  onFault: (error: unknown) => void = (error) => {
    throw error;
  };

  /** @param defer runs a task when the turn ends; tests give their own */
  constructor(defer: (task: () => void) => void = (task) => void setImmediate(task)) {
    this.#defer = defer;
  }

  /** Adds a step to the end of every scheduled turn; steps run in the order in which they were added. */
  atEnd(step: () => void): void {
    this.#atEnd.push(step);
  }

  /** How many turns have ended. */
  get count(): number {
    return this.#count;
  }

  /** Makes sure that this turn's end runs. */
  schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#defer(this.#end);
  }

  readonly #end = (): void => {
    this.#count++;
    this.#scheduled = false; // what a step schedules belongs to the next turn
    for (const step of this.#atEnd) this.#run(step);
  };

  #run(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.onFault(error);
    }
  }
}

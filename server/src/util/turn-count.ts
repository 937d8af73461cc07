/** Counts something within one turn of the event loop; restarts at the next turn. */
export class TurnCount {
  readonly #defer: (task: () => void) => void;
  #count = 0;

  /** @param defer runs a task when the turn has ended */
  constructor(defer: (task: () => void) => void = (task) => void setImmediate(task)) {
    this.#defer = defer;
  }

  /** How often it has happened in this turn. */
  get count(): number {
    return this.#count;
  }

  /** It happens once more. */
  add(): void {
    if (this.#count++ > 0) return;
    this.#defer(() => {
      this.#count = 0;
    });
  }
}

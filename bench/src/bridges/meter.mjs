/** The share of messages that warm up the code, and are not measured: it runs several times faster then. */
const WARM_UP = 0.5;

/** Measures how fast messages are done, from the end of the warm-up to the last look before the end. */
export class Meter {
  #count;
  #begin;
  #last;

  constructor(count) {
    this.#count = count;
  }

  /** Called often, with the number of messages that are done. */
  note(done) {
    if (done < this.#count * WARM_UP) return;
    const { user, system } = process.cpuUsage();
    const now = { done, time: performance.now(), cpu: user + system };
    if (this.#begin === undefined) this.#begin = now;
    // All may have been done for a while when a poll notices it.
    else if (done < this.#count || this.#last === undefined) this.#last = now;
  }

  /** Messages per second, and CPU seconds of this process for each. */
  get result() {
    if (this.#last === undefined) throw new Error(`${this.#count} messages are too few to measure`);
    const done = this.#last.done - this.#begin.done;
    return {
      perSecond: (done / (this.#last.time - this.#begin.time)) * 1_000,
      cpuEach: (this.#last.cpu - this.#begin.cpu) / done / 1e6,
    };
  }
}

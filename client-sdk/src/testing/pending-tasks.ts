/**
 * Idle microtasks in a row after which nothing more will happen: the client's longest promise chain
 * is shorter.
 */
const QUIET = 30;

/**
 * Microtasks between two events. As with a real socket, the handlers of promises that one event
 * settled run before the next event.
 */
const BETWEEN = 12;

/** Runs tasks asynchronously and in order, without timers, and knows when none are left. */
export class PendingTasks {
  #waiting = 0;
  #done = 0;
  #last: Promise<void> = Promise.resolve();
  readonly #atEnd: () => void;

  /** @param atEnd runs after each task */
  constructor(atEnd: () => void) {
    this.#atEnd = atEnd;
  }

  later(task: () => void): void {
    this.#waiting++;
    this.#last = this.#last.then(() => this.#run(task));
  }

  async #run(task: () => void): Promise<void> {
    for (let passed = 0; passed < BETWEEN; passed++) await undefined;
    this.#waiting--;
    this.#done++;
    task();
    this.#atEnd();
  }

  /** Resolves after a turn of the event loop without any task. */
  async settled(): Promise<void> {
    for (let before = -1; before !== this.#done; ) {
      before = this.#done;
      await this.#quiet();
      await nextTurn();
    }
  }

  async #quiet(): Promise<void> {
    for (let quiet = 0; quiet < QUIET; quiet++) {
      const before = this.#done;
      await Promise.resolve();
      if (this.#done !== before || this.#waiting > 0) quiet = 0;
    }
  }
}

/** Waits for a turn of the event loop, including timers that are due. Fake timers are left to the test. */
function nextTurn(): Promise<void> {
  // A delay of 0 ms lets the timers that are due run first.
  if (!('clock' in setTimeout)) return new Promise((resolve) => setTimeout(resolve, 0));
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

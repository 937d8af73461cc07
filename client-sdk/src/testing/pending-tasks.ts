/** So many microtasks in a row in which nothing happens mean that nothing will: the longest chain of promises in the client is shorter. */
const QUIET = 30;

/** So many microtasks lie between two events: as between those of a real socket, the promises that one has settled have called their handlers. */
const BETWEEN = 12;

/** Does things a little later, in order, without timers; and knows when nothing is left to do. */
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

  /** Resolves when a turn of the event loop has passed in which nothing was done. */
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

/** A turn of the event loop, with the timers that are due; those that a test has faked are the test's own business. */
function nextTurn(): Promise<void> {
  // No time is waited for: 0 ms lets the timers that are due run before.
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

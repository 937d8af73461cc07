import { Deque } from '../util/deque.ts';

/** Milliseconds per turn for requests; the rest waits for the next turn. */
const SHARE = 5;

/**
 * Requests that wait for a turn after the one in which they were read. uWebSockets.js reads
 * everything that has arrived at once, and closes a connection whose next request arrives while a
 * response is pending. So no client gets more than one response per turn, however many requests it
 * sent.
 */
export class RequestQueue {
  readonly #waiting = new Deque<() => void>();
  readonly #defer: (task: () => void) => void;
  readonly #now: () => number;
  #scheduled = false;

  /**
   * @param defer runs a task in the next turn
   * @param now monotonic, in milliseconds
   */
  constructor(
    defer: (task: () => void) => void = (task) => void setImmediate(task),
    now: () => number = () => performance.now(),
  ) {
    this.#defer = defer;
    this.#now = now;
  }

  add(task: () => void): void {
    this.#waiting.push(task);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#defer(this.#run);
  }

  readonly #run = (): void => {
    this.#scheduled = false;
    const end = this.#now() + SHARE;
    try {
      do this.#waiting.shift()?.();
      while (this.#waiting.length > 0 && this.#now() < end);
    } finally {
      if (this.#waiting.length > 0) this.#schedule();
    }
  };
}

/** Pings and pongs that one connection may send in one turn of the event loop. Clients send one in many seconds. */
const MOST = 64;

/**
 * Counts control frames. uWebSockets.js answers them by itself and reads on as long as more arrive: who sends nothing else, fast enough, would hold the event
 * loop for good.
 */
export class ControlFrames<C extends object> {
  readonly #defer: (task: () => void) => void;
  readonly #counts = new Map<C, number>();

  /** @param defer runs a task when the turn has ended */
  constructor(defer: (task: () => void) => void = (task) => void setImmediate(task)) {
    this.#defer = defer;
  }

  /** One has come; `false`: it is one too many. */
  take(connection: C): boolean {
    if (this.#counts.size === 0) this.#defer(() => this.#counts.clear());
    const count = (this.#counts.get(connection) ?? 0) + 1;
    this.#counts.set(connection, count);
    return count <= MOST;
  }
}

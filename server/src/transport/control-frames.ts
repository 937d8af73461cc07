/**
 * Maximum pings and pongs of one connection in one turn of the event loop. Normal clients send one
 * in many seconds.
 */
const MOST = 64;

/**
 * Counts control frames. uWebSockets.js answers them by itself and continues to read as long as
 * more arrive, so a fast sender of control frames alone would block the event loop.
 */
export class ControlFrames<C extends object> {
  readonly #defer: (task: () => void) => void;
  readonly #counts = new Map<C, number>();

  /** @param defer runs a task when the turn has ended */
  constructor(defer: (task: () => void) => void = (task) => void setImmediate(task)) {
    this.#defer = defer;
  }

  /** Counts one frame; returns `false` if the limit is exceeded. */
  take(connection: C): boolean {
    if (this.#counts.size === 0) this.#defer(() => this.#counts.clear());
    const count = (this.#counts.get(connection) ?? 0) + 1;
    this.#counts.set(connection, count);
    return count <= MOST;
  }
}

/** How far a log had got when this node last heard of it. */
export interface KnownHead {
  readonly epoch: string;
  readonly head: number;
  /** Of the message there; empty where it is not known. */
  readonly id: string;
}

/** Logs of which nobody here has a cursor, and that are remembered all the same. */
const MOST = 50_000;

/**
 * The furthest that this node knows of each log. What Redis says later is held against it: less, or something else, means that Redis has lost
 * messages that somebody has got.
 */
export class Heads {
  readonly #known = new Map<string, KnownHead>();

  get(channel: string): KnownHead | undefined {
    return this.#known.get(channel);
  }

  note(channel: string, epoch: string, head: number, id = ''): void {
    const known = this.#known.get(channel);
    if (known !== undefined && known.epoch === epoch && known.head >= head) return;
    this.#known.set(channel, { epoch, head, id });
    if (known !== undefined || this.#known.size <= MOST) return;
    const [oldest] = this.#known.keys();
    if (oldest !== undefined) this.#known.delete(oldest);
  }
}

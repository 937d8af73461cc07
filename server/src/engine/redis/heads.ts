/** The head of a log as this node last knew it. */
export interface KnownHead {
  readonly epoch: string;
  readonly head: number;
  /** Of the message there; empty where it is not known. */
  readonly id: string;
}

interface Noted extends KnownHead {
  /** Nothing was lost between Redis and us since this was confirmed. */
  readonly connection: number;
}

/** Logs that are remembered at most. */
const MOST = 100_000;

/**
 * The furthest head that this node knows of each log. Later answers of Redis are compared with it:
 * a lower head, or another message, means that Redis lost messages that were already delivered.
 */
export class Heads {
  readonly #known = new Map<string, Noted>();
  #connection = 0;

  get(channel: string): KnownHead | undefined {
    return this.#known.get(channel);
  }

  /** The connection was lost and is back: another server may answer now, or it may have lost data. */
  doubt(): void {
    this.#connection++;
  }

  /** Must the log be asked whether it still has the message that is known? */
  isDoubtful(channel: string): boolean {
    const known = this.#known.get(channel);
    return known !== undefined && known.connection !== this.#connection;
  }

  /** An announcement. It is ignored while in doubt: the known head must be confirmed first. */
  update(channel: string, head: KnownHead): void {
    if (!this.isDoubtful(channel)) this.#note(channel, head);
  }

  /** An answer of Redis, which has compared the known head. */
  confirm(channel: string, head: KnownHead): void {
    const known = this.#known.get(channel);
    const older = known !== undefined && known.epoch === head.epoch && known.head >= head.head;
    this.#note(channel, older ? known : head);
  }

  #note(channel: string, { epoch, head, id }: KnownHead): void {
    const known = this.#known.get(channel);
    const connection = this.#connection;
    if (known !== undefined && known.epoch === epoch && known.head > head) return;
    if (known?.epoch === epoch && known.head === head && known.connection === connection) return;
    this.#known.set(channel, { epoch, head, id, connection });
    if (known !== undefined || this.#known.size <= MOST) return;
    const [oldest] = this.#known.keys();
    if (oldest !== undefined) this.#known.delete(oldest);
  }
}

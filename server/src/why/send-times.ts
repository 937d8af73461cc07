/**
 * When parts of logs were sent: the latest entries, in columns, so that a message adds no object that
 * the garbage collector has to keep alive.
 */
export class SendTimes {
  readonly #capacity: number;
  readonly #connections: string[] = [];
  readonly #channels: string[] = [];
  readonly #afters: Float64Array;
  readonly #offsets: Float64Array;
  readonly #times: Float64Array;
  #count = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#afters = new Float64Array(capacity);
    this.#offsets = new Float64Array(capacity);
    this.#times = new Float64Array(capacity);
  }

  add({ connection, channel, after, offset, time }: SendTime): void {
    if (this.#capacity === 0) return;
    const at = this.#count++ % this.#capacity;
    this.#connections[at] = connection;
    this.#channels[at] = channel;
    this.#afters[at] = after;
    this.#offsets[at] = offset;
    this.#times[at] = time;
  }

  /** When the message at the offset was sent last; `undefined` if that is not remembered. */
  find(connection: string, channel: string, offset: number): number | undefined {
    const oldest = Math.max(0, this.#count - this.#capacity);
    for (let count = this.#count - 1; count >= oldest; count--) {
      const at = count % this.#capacity;
      if (this.#channels[at] !== channel || this.#connections[at] !== connection) continue;
      if ((this.#afters[at] ?? 0) < offset && offset <= (this.#offsets[at] ?? 0)) return this.#times[at];
    }
    return undefined;
  }
}

/** The log of a channel was sent from `after` (exclusive) to `offset`. */
export interface SendTime {
  /** Empty: to everybody who was live. */
  readonly connection: string;
  readonly channel: string;
  readonly after: number;
  readonly offset: number;
  /** In ms since the Unix epoch. */
  readonly time: number;
}

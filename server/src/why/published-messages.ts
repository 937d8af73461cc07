/** A message in its log. */
export interface MessagePlace {
  readonly id: string;
  readonly channel: string;
  readonly offset: number;
}

/** A message in its log; `number` stands for its id. */
export interface NumberedPlace {
  readonly number: number;
  readonly channel: string;
  readonly offset: number;
}

/** Finds the number of an id. */
export interface IdNumbers {
  numberOf(id: string): number | undefined;
}

/**
 * The messages that were published on this node last, by id.
 *
 * Each publish adds one, so it is three numbers and references in columns: the number of the id
 * instead of the id, and the name of the channel as the rules remember it. Strings of its own would
 * outlive the young generation of the garbage collector, which copies what survives.
 */
export class PublishedMessages {
  readonly #ids: IdNumbers;
  readonly #capacity: number;
  readonly #numbers: Float64Array;
  readonly #offsets: Float64Array;
  readonly #channels: string[] = [];
  #next = 0;

  constructor(capacity: number, ids: IdNumbers) {
    this.#ids = ids;
    this.#capacity = capacity;
    this.#numbers = new Float64Array(capacity);
    this.#offsets = new Float64Array(capacity);
  }

  add(number: number, channel: string, offset: number): void {
    if (this.#capacity === 0) return;
    const at = this.#next;
    this.#numbers[at] = number;
    this.#offsets[at] = offset;
    this.#channels[at] = channel;
    this.#next = at + 1 === this.#capacity ? 0 : at + 1;
  }

  find(id: string): MessagePlace | undefined {
    const number = this.#ids.numberOf(id);
    if (number === undefined) return undefined;
    const at = this.#numbers.indexOf(number);
    const channel = this.#channels[at];
    return channel === undefined ? undefined : { id, channel, offset: this.#offsets[at] ?? 0 };
  }
}

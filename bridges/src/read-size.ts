/** Most bytes of one read, estimated from the sizes of earlier messages. */
const BUDGET = 16_777_216;
/** How many messages the first read asks for: nobody knows yet how large they are. */
const FIRST = 16;

/**
 * How many messages to ask for, where the broker counts messages and not bytes: as many as fit into
 * 16 MiB if they are as large as the largest of the latest ones. It begins with few, and at most
 * doubles with each read.
 */
export class ReadSize {
  readonly #most: number;
  #count = FIRST;
  /** Bytes of the largest of the latest messages. It is forgotten gradually. */
  #largest = 1;

  /** @param most how many messages to ask for at most */
  constructor(most: number) {
    this.#most = most;
  }

  get next(): number {
    return Math.max(1, Math.min(this.#most, this.#count, Math.floor(BUDGET / this.#largest)));
  }

  /** @param sizes bytes of the messages of a read */
  learn(sizes: readonly number[]): void {
    if (sizes.length === 0) return;
    this.#count = Math.min(this.#most, this.next * 2);
    this.#largest = sizes.reduce((largest, size) => Math.max(largest, size), Math.ceil(this.#largest / 2));
  }
}

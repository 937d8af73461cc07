/** Maximum UTF-8 bytes of one UTF-16 code unit. */
const MOST_BYTES = 3;
/** Bytes before each message: when it was accepted, and how many bytes it has. */
const HEAD = 8 + 4;

/** Bytes that a block needs for one message. */
export const spaceFor = (json: string): number => HEAD + Buffer.byteLength(json);

/**
 * Bytes that hold some messages in a row as JSON, one behind the other. Messages are numbered in
 * the order in which they came.
 */
export class Block {
  readonly #bytes: Buffer;
  /** Number of the first message that it holds, and where that begins. */
  #first = 0;
  #start = 0;
  #count = 0;
  /** End of the last message. */
  #used = 0;
  /** The message that was read last: the next read is usually its successor. */
  #found = 0;
  #foundAt = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get size(): number {
    return this.#bytes.length;
  }

  /** Bytes of its messages. */
  get content(): number {
    return this.#used - this.#start - HEAD * this.#count;
  }

  /** Number of the message behind its last one. */
  get end(): number {
    return this.#first + this.#count;
  }

  /** Empties it; the next message that is added has this number. */
  begin(first: number): void {
    this.#first = first;
    this.#start = 0;
    this.#count = 0;
    this.#used = 0;
    this.#found = first;
    this.#foundAt = 0;
  }

  /** Adds a message if there is room for it. */
  add(json: string, time: number): boolean {
    const bytes = this.#bytes;
    const start = this.#used + HEAD;
    const room = bytes.length - start;
    if (json.length * MOST_BYTES > room && Buffer.byteLength(json) > room) return false;
    const length = bytes.write(json, start);
    bytes.writeDoubleLE(time, this.#used);
    bytes.writeUInt32LE(length, start - 4);
    this.#used = start + length;
    this.#count++;
    return true;
  }

  /** Drops the first message. Returns whether it was the last one. */
  dropFirst(): boolean {
    this.#start = this.#after(this.#start);
    this.#first++;
    this.#count--;
    return this.#count === 0;
  }

  /** When a message was accepted. */
  timeOf(number: number): number {
    return this.#bytes.readDoubleLE(this.#find(number));
  }

  jsonOf(number: number): string {
    const start = this.#find(number) + HEAD;
    return this.#bytes.toString('utf8', start, start + this.#bytes.readUInt32LE(start - 4));
  }

  /** Start of a message. */
  #find(number: number): number {
    if (number === this.#first) return this.#start;
    let [known, at] = number >= this.#found ? [this.#found, this.#foundAt] : [this.#first, this.#start];
    for (; known < number; known++) at = this.#after(at);
    this.#found = number;
    this.#foundAt = at;
    return at;
  }

  #after(at: number): number {
    return at + HEAD + this.#bytes.readUInt32LE(at + HEAD - 4);
  }
}

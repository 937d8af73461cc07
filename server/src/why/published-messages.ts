/** A message in its log. */
export interface MessagePlace {
  readonly id: string;
  readonly channel: string;
  readonly offset: number;
}

/** Bytes of one id with its length in front. The gateway's own ids have at most 22 characters. */
const ID_SPACE = 32;

/**
 * The messages that were published on this node last, by id.
 *
 * Each publish adds one, so they are kept in columns, and ids as bytes. Objects and strings would
 * outlive the young generation of the garbage collector, which copies what survives: with them, a
 * collection takes several times as long.
 */
export class PublishedMessages {
  readonly #capacity: number;
  readonly #ids: Buffer;
  readonly #channels: string[] = [];
  readonly #offsets: Float64Array;
  /** One string for each channel: the name in a command is another string each time. */
  readonly #names = new Map<string, string>();
  #count = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#ids = Buffer.alloc(capacity * ID_SPACE);
    this.#offsets = new Float64Array(capacity);
  }

  /** An id that is longer than any of the gateway is not remembered. */
  add({ id, channel, offset }: MessagePlace): void {
    if (this.#capacity === 0 || id.length >= ID_SPACE) return;
    const at = this.#count++ % this.#capacity;
    const start = at * ID_SPACE;
    this.#ids[start] = this.#ids.write(id, start + 1, ID_SPACE - 1);
    this.#channels[at] = this.#nameOf(channel);
    this.#offsets[at] = offset;
  }

  find(id: string): MessagePlace | undefined {
    const text = Buffer.from(id);
    if (text.length >= ID_SPACE) return undefined;
    const wanted = Buffer.concat([Buffer.of(text.length), text]);
    let start = this.#ids.indexOf(wanted);
    while (start !== -1 && start % ID_SPACE !== 0) start = this.#ids.indexOf(wanted, start + 1);
    const at = start / ID_SPACE;
    const channel = this.#channels[at];
    return channel === undefined ? undefined : { id, channel, offset: this.#offsets[at] ?? 0 };
  }

  #nameOf(channel: string): string {
    const known = this.#names.get(channel);
    if (known !== undefined) return known;
    if (this.#names.size >= this.#capacity) this.#names.clear();
    this.#names.set(channel, channel);
    return channel;
  }
}

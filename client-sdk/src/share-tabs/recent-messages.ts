import type { Message, Position } from '@sluice/protocol';

// The newest messages of a channel, as many as a tab may miss while it changes its socket. Characters count roughly.
const MESSAGES = 500;
const CHARACTERS = 1 << 20;

interface Entry {
  readonly message: Message;
  readonly size: number;
}

/** The newest messages of a channel that one tab or another has been sent, without holes, and where they end. */
export class RecentMessages {
  /** After the newest. */
  position: Position | undefined;
  #entries: Entry[] = [];
  #size = 0;

  /** The cursor stands here; what was before it is not known. */
  startAt(position: Position): void {
    this.position = position;
    this.#entries = [];
    this.#size = 0;
  }

  add(epoch: string, message: Message): void {
    const { position } = this;
    // One of the newest that are kept for slow readers: it came after the gap that covers it.
    if (position?.epoch === epoch && position.offset >= message.offset) return;
    if (position?.epoch !== epoch || position.offset + 1 !== message.offset) {
      this.startAt({ epoch, offset: message.offset - 1 });
    }
    const size = JSON.stringify(message.data).length;
    this.position = { epoch, offset: message.offset };
    this.#entries.push({ message, size });
    this.#size += size;
    while (this.#entries.length > MESSAGES || this.#size > CHARACTERS) this.#size -= this.#entries.shift()?.size ?? 0;
  }

  /** Does it hold everything after this position? */
  reaches({ epoch, offset }: Position): boolean {
    const { position } = this;
    return position?.epoch === epoch && offset <= position.offset && offset >= this.#first - 1;
  }

  /** What comes after the position; all of it only where it `reaches` so far. */
  after({ offset }: Position): Message[] {
    return this.#entries.flatMap(({ message }) => (message.offset > offset ? [message] : []));
  }

  /** So many messages before the end, or as far as it goes. */
  back(count: number): Position | undefined {
    const { position } = this;
    return position && { epoch: position.epoch, offset: Math.max(this.#first - 1, position.offset - count) };
  }

  /** Does it hold so many messages, or all there ever were? */
  holds(count: number): boolean {
    return this.#entries.length >= count || this.#first === 1;
  }

  /** Before the first message that is not older than `time`; `undefined` where an older one is not held, so that nobody knows. */
  before(time: number): Position | undefined {
    const { position } = this;
    const newer = this.#entries.findIndex(({ message }) => message.time >= time);
    if (!position || newer === 0 || this.#entries.length === 0) return undefined;
    return newer < 0 ? position : { epoch: position.epoch, offset: this.#first + newer - 1 };
  }

  get #first(): number {
    return (this.position?.offset ?? 0) - this.#entries.length + 1;
  }
}

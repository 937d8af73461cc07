import type { Message, Position } from '@sluice/protocol';

// The newest messages of a channel: enough for a tab that reconnects. Characters are counted roughly.
const MESSAGES = 500;
const CHARACTERS = 1 << 20;

interface Entry {
  readonly message: Message;
  readonly size: number;
}

/** The newest messages of a channel that any tab has received, without holes, and their end position. */
export class RecentMessages {
  /** The position after the newest message. */
  position: Position | undefined;
  #entries: Entry[] = [];
  #size = 0;

  /** Starts at this position. Earlier messages are unknown. */
  startAt(position: Position): void {
    this.position = position;
    this.#entries = [];
    this.#size = 0;
  }

  add(epoch: string, message: Message): void {
    const { position } = this;
    // A message from a gap's `latest`: it arrived after the gap that covers it.
    if (position?.epoch === epoch && position.offset >= message.offset) return;
    // It would have to be forgotten in time: a tab that needs it reads the log.
    if (message.expiresAt !== undefined) {
      this.startAt({ epoch, offset: message.offset });
      return;
    }
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

  /** The messages after the position; complete only if `reaches` returns true. */
  after({ offset }: Position): Message[] {
    return this.#entries.flatMap(({ message }) => (message.offset > offset ? [message] : []));
  }

  /** The position `count` messages before the end, or the earliest one that is known. */
  back(count: number): Position | undefined {
    const { position } = this;
    return position && { epoch: position.epoch, offset: Math.max(this.#first - 1, position.offset - count) };
  }

  /** Does it hold `count` messages, or the whole log? */
  holds(count: number): boolean {
    return this.#entries.length >= count || this.#first === 1;
  }

  /**
   * The position before the first message that is not older than `time`; `undefined` if no older
   * message is held, so that it is unknown.
   */
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

import type { Message } from '@sluice/client';

interface Mark {
  readonly epoch: string;
  readonly offset: number;
}

/** Stores the last read message per user and channel, across visits. */
export class ReadMarks {
  readonly #user: string;
  readonly #storage: Storage;

  constructor(user: string, storage: Storage) {
    this.#user = user;
    this.#storage = storage;
  }

  /** Was this channel ever read? */
  has(channel: string): boolean {
    return this.#mark(channel) !== undefined;
  }

  /** Is this message after the mark? Everything in a new epoch is unread. */
  isUnread({ channel, epoch, offset }: Message<unknown>): boolean {
    const mark = this.#mark(channel);
    return mark === undefined || mark.epoch !== epoch || offset > mark.offset;
  }

  /** Moves the mark after this message, but never back. */
  read(message: Message<unknown>): void {
    if (!this.isUnread(message)) return;
    const mark: Mark = { epoch: message.epoch, offset: message.offset };
    this.#storage.setItem(this.#key(message.channel), JSON.stringify(mark));
  }

  #mark(channel: string): Mark | undefined {
    const text = this.#storage.getItem(this.#key(channel));
    return text === null ? undefined : (JSON.parse(text) as Mark);
  }

  #key(channel: string): string {
    return `sluice.read ${this.#user} ${channel}`;
  }
}

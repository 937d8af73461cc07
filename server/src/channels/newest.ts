import type { Message } from '@sluice/protocol';
import type { LatestBy } from '../auth/rule.ts';

/** Keys that one channel keeps at most; beyond, those with the oldest messages are forgotten. */
const MOST_KEYS = 1000;
/** Bytes of kept messages that one slow reader is given. */
const MOST_BYTES = 131_072;

/** The newest message of each key, for slow readers under the policy `latest`: the price of each symbol, the typing state of each user. */
export class Newest {
  readonly #by: LatestBy | null;
  /** In the order of offsets. */
  readonly #messages = new Map<string, Message>();

  /** @param by `null`: one key for all messages */
  constructor(by: LatestBy | null) {
    this.#by = by;
  }

  keep(message: Message): void {
    const key = this.#keyOf(message);
    this.#messages.delete(key); // to the end
    this.#messages.set(key, message);
    if (this.#messages.size <= MOST_KEYS) return;
    for (const oldest of this.#messages.keys()) {
      this.#messages.delete(oldest);
      break;
    }
  }

  /** What is kept with an offset after `after` and up to `last`, in order; if that is too much, the newest of it. */
  between(after: number, last: number): Message[] {
    const found = [...this.#messages.values()].filter(({ offset }) => offset > after && offset <= last);
    let bytes = 0;
    const cut = found.findLastIndex((message) => {
      bytes += JSON.stringify(message).length;
      return bytes > MOST_BYTES;
    });
    return found.slice(cut + 1);
  }

  clear(): void {
    this.#messages.clear();
  }

  #keyOf({ from, tags }: Message): string {
    if (this.#by === null) return '';
    return (this.#by.kind === 'from' ? from : tags?.[this.#by.tag]) ?? '';
  }
}

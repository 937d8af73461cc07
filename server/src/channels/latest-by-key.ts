import type { LoggedMessage } from '../engine/logged-message.ts';
import type { LatestBy } from '../rule.ts';

/** Most keys of one channel; beyond, the keys with the oldest messages are dropped. */
const MOST_KEYS = 1000;
/** Most bytes of messages that are kept, and that one slow reader receives. The newest message is always kept. */
const MOST_BYTES = 131_072;
/** Messages after which the bytes are counted again: most messages have been replaced by then. */
const TIDY = 64;

interface Kept {
  readonly message: LoggedMessage;
  /** As JSON; undefined until it is measured. */
  bytes: number | undefined;
}

/**
 * The newest message of each key, for slow readers under the policy `latest`: the price of each
 * symbol, the typing state of each user.
 *
 * Messages without the tag share one key.
 */
export class LatestByKey {
  readonly #by: LatestBy | null;
  /** In the order of offsets. */
  readonly #kept = new Map<string | undefined, Kept>();
  #untidied = 0;

  /** @param by `null`: one key for all messages */
  constructor(by: LatestBy | null) {
    this.#by = by;
  }

  get size(): number {
    return this.#kept.size;
  }

  keep(message: LoggedMessage): void {
    const key = this.#keyOf(message);
    this.#kept.delete(key); // to the end
    this.#kept.set(key, { message, bytes: undefined });
    if (++this.#untidied >= TIDY) this.#tidy();
  }

  #tidy(): void {
    this.#untidied = 0;
    const kept = [...this.#kept];
    const forgotten = kept.length - fitting(kept.map(([, each]) => each));
    for (const [key] of kept.slice(0, forgotten)) this.#kept.delete(key);
  }

  /** The kept messages after `after` and up to `last`, in order; the newest of them if they are too many. */
  between(after: number, last: number): readonly LoggedMessage[] {
    const found = [...this.#kept.values()].filter(({ message: { offset } }) => offset > after && offset <= last);
    return found.slice(found.length - fitting(found)).map(({ message }) => message);
  }

  clear(): void {
    this.#kept.clear();
  }

  #keyOf({ message }: LoggedMessage): string | undefined {
    if (this.#by === null) return undefined;
    const { from, tags } = message;
    if (this.#by.kind === 'from') return from;
    return tags !== undefined && Object.hasOwn(tags, this.#by.tag) ? tags[this.#by.tag] : undefined;
  }
}

/** How many of these messages fit, counted from the last; at least one. */
function fitting(kept: readonly Kept[]): number {
  let bytes = 0;
  const cut = kept.findLastIndex((each) => {
    each.bytes ??= Buffer.byteLength(each.message.json);
    bytes += each.bytes;
    return bytes > MOST_BYTES;
  });
  return Math.min(kept.length, MOST_KEYS, Math.max(1, kept.length - 1 - cut));
}

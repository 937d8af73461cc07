import { type HistoryResult, LIMITS } from '@sluice/protocol';
import type { Log, Page } from '../engine/engine.ts';
import type { LoggedMessage } from '../engine/logged-message.ts';
import { chain, type NowOrLater } from '../util/now-or-later.ts';
import { PAGE_BYTES } from './budgets.ts';
import type { Expiry } from './expiry.ts';

/** Messages that are read at first, while nobody knows how large they are, and with each further read at least. */
const FEWEST = 16;
/** How many times more the next read may ask for: what comes may be larger than what came. */
const GROWTH = 4;

export interface HistoryQuery {
  readonly limit?: number;
  readonly after?: number;
  readonly before?: number;
}

/** How a page is read. */
export interface PageReading {
  readonly expiry: Expiry;
  /** Called with the number of bytes of messages that were read for the page. */
  readonly onBytes?: (bytes: number) => void;
}

/**
 * Reads a page of a channel's log; offsets have no holes, so paging back is arithmetic. If messages
 * of the page have expired, it says which part of the log it covers. SPEC.md section 4.6.
 */
export function readHistory(
  log: Log,
  channel: string,
  query: HistoryQuery,
  { expiry, onBytes = () => {} }: PageReading,
): NowOrLater<HistoryResult> {
  const { after, before, limit = LIMITS.historyDefault } = query;
  const options = { log, channel, limit, expiry, onBytes };
  if (after !== undefined) return new Onwards(options).from(after);
  return chain(log.read(channel, 0, 0), (top) => new Backwards(options, top).from(top, before));
}

interface ReadingOptions {
  readonly log: Log;
  readonly channel: string;
  readonly limit: number;
  readonly expiry: Expiry;
  readonly onBytes: (bytes: number) => void;
}

/**
 * A page that is being put together by several reads, each as large as what was read before lets
 * expect: a page of a thousand messages may hold fewer than ten that are large, and the engine must
 * not fetch a thousand of those to find out.
 */
abstract class Reading {
  readonly #options: ReadingOptions;
  /** What the page holds so far. */
  protected messages: readonly LoggedMessage[] = [];
  #bytes = 0;
  #asked = FEWEST / GROWTH;
  /** Of one message, as the latest read had them. */
  #each = 1;
  /** The log as it stood when the reading began. */
  #began: Page | undefined;

  constructor(options: ReadingOptions, began?: Page) {
    this.#options = options;
    this.#began = began;
  }

  protected get limit(): number {
    return this.#options.limit;
  }

  /** How many messages the next read asks for. */
  protected nextCount(): number {
    const fitting = Math.ceil((PAGE_BYTES - this.#bytes) / this.#each);
    this.#asked = Math.min(
      Math.max(FEWEST, Math.min(this.#asked * GROWTH, fitting)),
      this.limit - this.messages.length,
    );
    return this.#asked;
  }

  /** Reads so many messages after an offset. */
  protected read(
    after: number,
    count: number,
    use: (page: Page) => NowOrLater<HistoryResult>,
  ): NowOrLater<HistoryResult> {
    const { log, channel } = this.#options;
    return chain(log.read(channel, after, count), (page) => {
      this.#began ??= page;
      return page.epoch === this.#began.epoch ? use(page) : this.finish(this.#began);
    });
  }

  /**
   * How many of these fit into the page, in the given order; at least one, where it is empty.
   *
   * @returns all of them, where there may be room for more
   */
  protected fit(messages: readonly LoggedMessage[]): readonly LoggedMessage[] {
    let count = 0;
    const before = this.#bytes;
    for (const message of messages) {
      const bytes = Buffer.byteLength(message.json);
      if (this.#bytes + bytes > PAGE_BYTES && this.messages.length + count > 0) break;
      this.#bytes += bytes;
      count++;
    }
    this.#each = Math.max(1, (this.#bytes - before) / Math.max(1, count));
    return messages.slice(0, count);
  }

  /** The part of the log that the page covers. */
  get #covers(): NonNullable<HistoryResult['covers']> {
    const [oldest] = this.messages;
    const from = oldest?.offset ?? 1;
    return { from, to: from + this.messages.length - 1 };
  }

  protected finish({ epoch, head, first }: Page): HistoryResult {
    this.#options.onBytes(this.#bytes);
    const current = this.#options.expiry.current(this.messages);
    const page = { epoch, head, first, messages: current.map(({ message }) => message) };
    return current === this.messages ? page : { ...page, covers: this.#covers };
  }
}

/** The oldest after an offset. */
class Onwards extends Reading {
  from(after: number): NowOrLater<HistoryResult> {
    return this.read(after, this.nextCount(), (page) => {
      // what follows has gone meanwhile
      if (this.messages.length > 0 && page.first > after + 1) return this.finish(page);
      const fitting = this.fit(page.messages);
      this.messages = [...this.messages, ...fitting];
      const last = this.messages.at(-1)?.offset ?? page.head;
      const full = fitting.length < page.messages.length || this.messages.length >= this.limit;
      return full || last >= page.head || fitting.length === 0 ? this.finish(page) : this.from(last);
    });
  }
}

/** The newest before an offset. */
class Backwards extends Reading {
  from(page: Page, before = page.head + 1): NowOrLater<HistoryResult> {
    const end = Math.min(before, page.head + 1);
    const start = Math.max(end - this.nextCount(), page.first);
    if (start >= end) return this.finish(page);
    return this.read(start - 1, end - start, (next) => {
      const found = next.messages.filter(({ offset }) => offset < end).reverse();
      const fitting = this.fit(found);
      this.messages = [...fitting.toReversed(), ...this.messages];
      const oldest = this.messages[0]?.offset ?? end;
      const full = fitting.length < found.length || this.messages.length >= this.limit;
      return full || fitting.length === 0 ? this.finish(next) : this.from(next, oldest);
    });
  }
}

import { type Conditions, EVERY, type HistoryResult, LIMITS, matches } from '@sluice/protocol';
import type { Log, Page } from '../engine/engine.ts';
import type { LoggedMessage } from '../engine/logged-message.ts';
import { chain, type NowOrLater } from '../util/now-or-later.ts';
import { PAGE_BYTES } from './budgets.ts';
import type { Expiry } from './expiry.ts';
import { type HistoryQuery, type PageReading, readHistory } from './history.ts';

/** Messages that one read of the log asks for. */
const STEP = 256;
/** Messages that are compared for one page: few enough not to be felt by others. */
const MOST_COMPARED = 2_048;

/** Which messages of which channel to read. */
export interface FilteredQuery extends HistoryQuery {
  readonly channel: string;
  readonly conditions: Conditions;
}

/** Reads a page of a channel's log. */
export function readPage(log: Log, query: FilteredQuery, reading: PageReading): NowOrLater<HistoryResult> {
  return query.conditions === EVERY
    ? readHistory(log, query.channel, query, reading)
    : readFilteredHistory(log, query, reading);
}

/**
 * Reads a page of the messages that fulfil conditions. As few of many may match, the page says
 * which part of the log it covers. SPEC.md section 4.6.
 */
function readFilteredHistory(
  log: Log,
  query: FilteredQuery,
  { expiry, onBytes }: PageReading,
): NowOrLater<HistoryResult> {
  const { channel, after, before } = query;
  return chain(log.read(channel, 0, 0), (began) => {
    const page = new FilteredPage(log, query, began);
    const reading = after === undefined ? page.backwards(before) : page.onwards(after);
    return chain(reading, () => {
      onBytes?.(page.bytesCompared);
      return page.resultWithout(expiry);
    });
  });
}

/** A page that grows message by message, in one direction, until it is full or enough was compared. */
class FilteredPage {
  readonly #log: Log;
  readonly #query: FilteredQuery;
  /** The log as it stood when the reading began. */
  #logState: Page;
  readonly #messages: LoggedMessage[] = [];
  #bytes = 0;
  #compared = 0;
  #from = 1;
  #to = 0;
  #isFull = false;
  bytesCompared = 0;

  constructor(log: Log, query: FilteredQuery, began: Page) {
    this.#log = log;
    this.#query = query;
    this.#logState = began;
  }

  /** Leaves out what has expired. */
  resultWithout(expiry: Expiry): HistoryResult {
    const { epoch, head, first } = this.#logState;
    const found = this.#messages.toSorted((a, b) => a.offset - b.offset);
    const messages = expiry.current(found).map(({ message }) => message);
    return { epoch, head, first, messages, covers: { from: this.#from, to: this.#to } };
  }

  /** The oldest after an offset. */
  onwards(after: number): NowOrLater<void> {
    this.#from = Math.max(after + 1, this.#logState.first);
    this.#to = this.#from - 1;
    return this.#readOn();
  }

  #readOn(): NowOrLater<void> {
    if (this.#isDone || this.#to >= this.#logState.head) return undefined;
    return this.#read(this.#to, STEP, (messages) => {
      for (const message of messages) {
        if (message.offset !== this.#to + 1 || !this.#add(message)) return this.#stop();
        this.#to = message.offset;
      }
      return messages.length === 0 ? undefined : this.#readOn();
    });
  }

  /** The newest before an offset. */
  backwards(before = Number.POSITIVE_INFINITY): NowOrLater<void> {
    this.#to = Math.min(before - 1, this.#logState.head);
    this.#from = this.#to + 1;
    return this.#readBack();
  }

  #readBack(): NowOrLater<void> {
    const start = Math.max(this.#from - STEP, this.#logState.first);
    if (this.#isDone || start >= this.#from) return undefined;
    return this.#read(start - 1, this.#from - start, (messages) => {
      for (const message of messages.toReversed()) {
        if (message.offset >= this.#from) continue; // the log no longer reaches back so far
        if (message.offset !== this.#from - 1 || !this.#add(message)) return this.#stop();
        this.#from = message.offset;
      }
      return messages.length === 0 ? undefined : this.#readBack();
    });
  }

  get #isDone(): boolean {
    const { limit = LIMITS.historyDefault } = this.#query;
    return this.#isFull || this.#messages.length >= limit || this.#compared >= MOST_COMPARED;
  }

  #stop(): void {
    this.#isFull = true;
  }

  #read(after: number, count: number, use: (messages: readonly LoggedMessage[]) => NowOrLater<void>): NowOrLater<void> {
    return chain(this.#log.read(this.#query.channel, after, count), (page) => {
      if (page.epoch !== this.#logState.epoch) return undefined;
      this.#logState = { ...page, messages: [] };
      return use(page.messages);
    });
  }

  /** Compares a message. @returns whether the page covers it: not if there is no room for it */
  #add(found: LoggedMessage): boolean {
    if (this.#isDone) return false;
    const { message, json } = found;
    const bytes = Buffer.byteLength(json);
    this.#compared++;
    this.bytesCompared += bytes;
    if (!matches(this.#query.conditions, message, this.#query.channel)) return true;
    if (this.#messages.length > 0 && this.#bytes + bytes > PAGE_BYTES) return false;
    this.#bytes += bytes;
    this.#messages.push(found);
    return true;
  }
}

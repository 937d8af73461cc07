import { type HistoryResult, LIMITS, type Message } from '@sluice/protocol';
import type { Log, Page } from '../engine/engine.ts';

/** Bytes of one page: a reply must leave the connection room for more. SPEC.md section 4.6. */
const MOST_BYTES = 262_144;

export interface HistoryQuery {
  readonly limit?: number;
  readonly after?: number;
  readonly before?: number;
}

/** Reads a page of a channel's log; offsets have no holes, so paging back is arithmetic. */
export function readHistory(log: Log, channel: string, query: HistoryQuery): HistoryResult | Promise<HistoryResult> {
  const limit = query.limit ?? LIMITS.historyDefault;
  if (query.after !== undefined)
    return shape(log.read(channel, query.after, limit), (page) => takeFirst(page.messages));
  const top = log.read(channel, 0, 0);
  const back = (page: Page): HistoryResult | Promise<HistoryResult> => {
    const end = Math.min(query.before ?? page.head + 1, page.head + 1);
    const start = Math.max(end - limit, page.first);
    return shape(log.read(channel, start - 1, Math.max(0, end - start)), ({ messages }) =>
      takeLast(messages.filter(({ offset }) => offset < end)),
    );
  };
  return top instanceof Promise ? top.then(back) : back(top);
}

function shape(
  page: Page | Promise<Page>,
  choose: (page: Page) => readonly Message[],
): HistoryResult | Promise<HistoryResult> {
  const toResult = (arrived: Page): HistoryResult => ({
    epoch: arrived.epoch,
    head: arrived.head,
    first: arrived.first,
    messages: choose(arrived),
  });
  return page instanceof Promise ? page.then(toResult) : toResult(page);
}

/** How many messages fit into a page, going through them in the given order; at least one. */
function fitting(messages: readonly Message[]): number {
  let bytes = 0;
  const cut = messages.findIndex((message) => {
    bytes += Buffer.byteLength(JSON.stringify(message));
    return bytes > MOST_BYTES;
  });
  return cut === -1 ? messages.length : Math.max(1, cut);
}

const takeFirst = (messages: readonly Message[]): readonly Message[] => messages.slice(0, fitting(messages));

function takeLast(messages: readonly Message[]): readonly Message[] {
  return messages.slice(messages.length - fitting(messages.toReversed()));
}

import { IncompleteError } from './incomplete-error.ts';
import type { components } from './openapi.ts';

type Message = components['schemas']['Message'];

/** A place in the log of a channel. */
export interface LogPosition {
  readonly epoch: string;
  readonly offset: number;
}

/** Messages that cannot be read: those after `from`, up to `to`. */
export interface HistoryGap {
  readonly from: LogPosition;
  readonly to: LogPosition;
  /**
   * `deleted`: retention or an operator has removed them. `epoch_changed`: the log was lost and began anew,
   * and all of the new one follows.
   */
  readonly reason: 'deleted' | 'epoch_changed';
}

/** Where to begin, and what to do when messages are missing. */
export interface HistoryOptions {
  /** Only messages after this offset, or after this position. Default: from the oldest message. */
  readonly after?: number | LogPosition;
  /** Called for messages that are missing; reading goes on. Default: an `IncompleteError` is thrown. */
  readonly onGap?: (gap: HistoryGap) => void;
}

interface Page {
  readonly epoch: string;
  readonly head: number;
  readonly first: number;
  readonly messages: readonly Message[];
  readonly covers?: { readonly to: number };
}

/** Reads a log to its end, and reports what is missing. */
export async function* readHistory(
  channel: string,
  { after, onGap = (gap) => fail(channel, gap) }: HistoryOptions,
  read: (after: number) => Promise<Page>,
): AsyncGenerator<Message, void> {
  let epoch = typeof after === 'object' ? after.epoch : undefined;
  let last = typeof after === 'object' ? after.offset : (after ?? 0);
  let isFromOldest = after === undefined;
  for (;;) {
    const page = await read(last);
    if (epoch !== undefined && page.epoch !== epoch) {
      const to = { epoch: page.epoch, offset: page.first - 1 };
      onGap({ from: { epoch, offset: last }, to, reason: 'epoch_changed' });
      [epoch, last, isFromOldest] = [page.epoch, 0, true];
      continue; // the page is of another log, from an offset of the one before
    }
    epoch = page.epoch;
    if (!isFromOldest && page.first > last + 1) {
      onGap({ from: { epoch, offset: last }, to: { epoch, offset: page.first - 1 }, reason: 'deleted' });
    }
    isFromOldest = false;
    yield* page.messages;
    // All messages of a page may have expired: only `covers` tells where it ends.
    last = page.covers?.to ?? page.messages.at(-1)?.offset ?? page.head;
    if (last >= page.head) return;
  }
}

function fail(channel: string, { from, to, reason }: HistoryGap): never {
  const what =
    reason === 'deleted'
      ? `the messages after offset ${from.offset}, up to ${to.offset}, no longer exist`
      : `the log was lost after offset ${from.offset}, and began anew`;
  throw new IncompleteError(`history of "${channel}": ${what}. To go on with what there is, give "onGap"`);
}

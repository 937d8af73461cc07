import { type ChannelNames, stretchOf } from '../channel-names.ts';
import type { Page } from '../engine.ts';
import { estimateBytes } from '../estimate-bytes.ts';
import type { LoggedMessage } from '../logged-message.ts';
import {
  type ChannelRecord,
  contentLength,
  decodeChannel,
  decodeMessage,
  messageKey,
  offsetOf,
  timeOf,
} from './records.ts';
import type { Store } from './store.ts';

export function findChannel(store: Store, channel: string): ChannelRecord | undefined {
  const found = store.get('channels', Buffer.from(channel));
  return found === undefined ? undefined : decodeChannel(found);
}

/**
 * The first of the offsets from `low` on, before `end`, whose message is not older than `time`;
 * `end` where all are.
 */
function firstSince(store: Store, { id, low, end, time }: { id: number; low: number; end: number; time: number }) {
  let [from, to] = [low, end];
  while (from < to) {
    // Search near the oldest first, because expired messages are removed continuously.
    const middle = from === low ? from : from + Math.floor((to - from) / 2);
    const found = store.get('messages', messageKey(id, middle));
    // One that is not there yet is about to be written, by the batch that asks.
    if (found !== undefined && timeOf(found) < time) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** Offset of the oldest message that counts at this time; `head + 1` when there is none. */
export function oldestAt(store: Store, { id, first, head, retention }: ChannelRecord, now: number): number {
  if (retention === null) return head + 1;
  const time = now - retention.age;
  // Nothing is too old, e.g. in a queue.
  return time <= 0 ? first : firstSince(store, { id, low: first, end: head + 1, time });
}

/** Reads a stretch of a channel's log as it counts at this time. */
export function readPage(store: Store, record: ChannelRecord, wanted: { after: number; limit: number; now: number }) {
  const { id, head } = record;
  const { after, limit, now } = wanted;
  const first = oldestAt(store, record, now);
  const messages: LoggedMessage[] = [];
  const from = Math.max(after + 1, first);
  const { purged } = record;
  const page: Omit<Page, 'epoch'> = { head, first, messages, ...(purged > 0 && { purged }) };
  if (limit === 0 || from > head) return page;
  const rows = store.rows('messages', { start: messageKey(id, from), end: messageKey(id, head + 1), limit });
  for (const { key, value } of rows) {
    const offset = offsetOf(key);
    if (offset !== from + messages.length) throw new Error(`message ${from + messages.length} is missing on disk`);
    messages.push(decodeMessage(value, offset));
  }
  return page;
}

/** Offset of the last message older than `time`. */
export function seekTime(store: Store, record: ChannelRecord, { time, now }: { time: number; now: number }): number {
  const low = oldestAt(store, record, now);
  return firstSince(store, { id: record.id, low, end: record.head + 1, time }) - 1;
}

/** Bytes of the messages that count at this time: the rows without their times. */
export function weigh(store: Store, record: ChannelRecord, now: number): number {
  const { id, head } = record;
  return estimateBytes(oldestAt(store, record, now), head, (offset) => {
    const row = store.get('messages', messageKey(id, offset));
    return row === undefined ? undefined : contentLength(row);
  });
}

/** The channels that hold messages at this time, from a name on. */
export function listChannels(
  store: Store,
  { from, most, now }: { from: string; most: number; now: number },
): ChannelNames {
  return stretchOf(store.rows('channels', { start: Buffer.from(from), limit: most }), {
    most,
    nameOf: ({ key }) => key.toString(),
    isListed: ({ value }) => holdsMessages(decodeChannel(value), now),
  });
}

/** Does the newest message count? Then its time says so, and no message has to be read. */
const holdsMessages = ({ first, head, lastTime, retention }: ChannelRecord, now: number): boolean =>
  retention !== null && first <= head && lastTime >= now - retention.age;

/** The list of a channel's messages that wait for their time. */

import { PAGE_BYTES } from '../channels/budgets.ts';
import { Refusal } from '../refusal.ts';
import type { ListPosition, PendingMessage, PendingMessages } from './pending-messages.ts';
import type { ScheduleLog } from './schedule-log.ts';
import { type Content, contentOf, type ScheduleRecord } from './schedule-record.ts';

/** A message that waits for its time. */
export interface WaitingMessage extends Content {
  /** From the result of `schedule`; `unschedule` accepts it. */
  readonly id: string;
  /** When it is published: milliseconds since the Unix epoch. */
  readonly at: number;
  readonly channel: string;
  /** The user who scheduled it; absent: a backend, or an anonymous connection. */
  readonly from?: string;
}

/** A page of the messages that wait on a channel. */
export interface WaitingPage {
  /** In the order of their times. */
  readonly messages: readonly WaitingMessage[];
  /** `after` of the next page; absent: this is the last one. */
  readonly next?: string;
}

/** Which messages of a channel a page contains. */
export interface WaitingOptions {
  /** `next` of the page before. */
  readonly after?: string | undefined;
  readonly limit: number;
}

/** Messages that are read from the log at the same time. */
const BATCH = 16;

/**
 * Reads a page of the messages of a channel, those of everyone.
 *
 * @throws EngineUnavailable
 */
export async function listWaiting(
  { log, pending }: { readonly log: ScheduleLog; readonly pending: PendingMessages },
  channel: string,
  { after, limit }: WaitingOptions,
): Promise<WaitingPage | Refusal> {
  const position = after === undefined ? undefined : parsePosition(after);
  if (position === null) return new Refusal('command_invalid', '"after" must be the "next" of another page');
  await log.catchUp(); // another node may have accepted one a moment ago
  const found = pending.list(channel, { after: position, limit: limit + 1 });
  const { messages, last } = await readPage(log, found.slice(0, limit));
  if (last === undefined || last === found.at(-1)) return { messages };
  return { messages, next: formatPosition([last.at, last.id]) };
}

/** Reads messages from the log, until a page is full. */
async function readPage(
  log: ScheduleLog,
  found: readonly PendingMessage[],
): Promise<{ readonly messages: readonly WaitingMessage[]; readonly last: PendingMessage | undefined }> {
  const messages: WaitingMessage[] = [];
  let bytes = 0;
  let at = 0;
  for (; at < found.length && bytes < PAGE_BYTES; at += BATCH) {
    const batch = found.slice(at, at + BATCH);
    const records = await Promise.all(batch.map((each) => log.recordAt(each)));
    const more = batch.flatMap(({ id }, index) => asListed(id, records[index]));
    bytes += JSON.stringify(more).length;
    messages.push(...more);
  }
  return { messages, last: found[Math.min(at, found.length) - 1] };
}

function asListed(id: string, record: ScheduleRecord | undefined): WaitingMessage[] {
  if (record?.kind !== 'scheduled') return []; // the log has lost it
  const { at, channel, user } = record;
  return [{ id, at, channel, ...contentOf(record), ...(user === undefined ? undefined : { from: user }) }];
}

const formatPosition = (position: ListPosition): string => Buffer.from(JSON.stringify(position)).toString('base64url');

function parsePosition(text: string): ListPosition | null {
  try {
    const [at, id] = JSON.parse(Buffer.from(text, 'base64url').toString()) as unknown[];
    return typeof at === 'number' && typeof id === 'string' ? [at, id] : null;
  } catch {
    return null; // not made by formatPosition
  }
}

import type { ChannelRecord } from '../records.ts';
import type { RowOf } from './rows.ts';
import type { Survey } from './survey.ts';

export interface Counts {
  channels: number;
  messages: number;
  keys: number;
  revocations: number;
}

/** What is found of one channel's messages. */
interface Found {
  readonly name: string;
  readonly record: ChannelRecord;
  count: number;
}

/** Messages that must be there. */
export const expectedOf = ({ retention, head, first }: ChannelRecord): number =>
  retention === null ? 0 : Math.max(0, head - first + 1);

/** Counts a store's content, and records in the survey which channels lack messages. */
export function checkRows(survey: Survey): Counts {
  const counts: Counts = { channels: 0, messages: 0, keys: 0, revocations: 0 };
  const channels = new Map<number, Found>();
  for (const { row } of survey.rows()) count(row, { counts, channels });
  if (survey.unreadable > 0) survey.note(`${survey.unreadable} entries cannot be understood`);
  for (const { name, record, count: there } of channels.values()) {
    const missing = expectedOf(record) - there;
    if (missing <= 0) continue;
    survey.note(`channel ${name}: ${missing} of its messages ${record.first} to ${record.head} cannot be read`);
  }
  return counts;
}

function count(row: RowOf, { counts, channels }: { counts: Counts; channels: Map<number, Found> }): void {
  if (row.kind === 'channel') {
    counts.channels++;
    channels.set(row.record.id, { name: row.name, record: row.record, count: 0 });
  } else if (row.kind === 'message') {
    counts.messages++;
    const found = channels.get(row.channel);
    if (found !== undefined && row.offset >= found.record.first) found.count++;
  } else if (row.kind === 'key') counts.keys++;
  else if (row.kind === 'revocation') counts.revocations++;
}

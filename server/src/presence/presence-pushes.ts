import type { Member, MemberChange, PresencePush } from '@sluice/protocol';
import type { RosterPage } from '../engine/presence.ts';
import { splitIntoChunks } from '../keyed/chunks.ts';
import type { KeyedFormat, KeyedNews } from '../keyed/keyed-feed.ts';
import type { KeyedChange, KeyedSummary } from '../keyed/keyed-log.ts';

/** The pushes of presence: keys are users, values are members. SPEC.md section 9. */
export const PRESENCE_PUSHES: KeyedFormat<Member, RosterPage> = {
  count: (channel, { version, total }): PresencePush => ({ type: 'presence', channel, version, total }),
  changes: changePushes,
  list: listPushes,
  length: ({ members }) => members.length,
};

function changePushes({ channel, summary, changes }: KeyedNews<Member>, maxBytes: number): PresencePush[] | null {
  const { chunks, bytes } = splitIntoChunks(changes.map(toWire));
  return bytes > maxBytes ? null : chunks.map((chunk) => toPush(channel, summary, chunk));
}

function toWire({ version, key, value }: KeyedChange<Member>): MemberChange {
  return value === null ? { version, left: key } : { version, member: value };
}

/** The first push of a list replaces what the client knows; all but the last announce more. */
function listPushes(channel: string, page: RosterPage): PresencePush[] {
  const { chunks } = splitIntoChunks(page.members.map(({ member }) => ({ version: page.version, member })));
  if (chunks.length === 0) chunks.push([]);
  return chunks.map((chunk, at) => ({
    ...toPush(channel, page, chunk),
    ...(at === 0 ? { reset: true as const } : undefined),
    ...(at < chunks.length - 1 ? { more: true as const } : undefined),
  }));
}

function toPush(channel: string, { version, total }: KeyedSummary, changes: readonly MemberChange[]): PresencePush {
  return { type: 'presence', channel, version, total, changes };
}

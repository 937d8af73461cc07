import type { MemberChange, PresencePush } from '@sluice/protocol';
import type { PresenceChange, Roster } from '../engine/presence.ts';
import type { Stage } from './stage.ts';

/** A list with more bytes than this is not sent, however few its members are. */
const MOST_LIST_BYTES = 262_144;
/** A list comes back only when the members are so much fewer than the threshold: it must not flicker. */
const BACK_TO_LIST = 0.8;
/** Bytes of one push, roughly: above 16 KB uWebSockets.js stops batching. */
const PUSH = 12_000;

/** Are there too many members to list? SPEC.md section 9. */
export function mustCount({ counting, rule }: Stage, { total, bytes }: Roster): boolean {
  const share = counting ? BACK_TO_LIST : 1;
  return total > rule.listUpTo * share || bytes > MOST_LIST_BYTES * share;
}

export function toWire({ version, user, member }: PresenceChange): MemberChange {
  return member === null ? { version, left: user } : { version, member };
}

/** Too many to list: only how many there are. */
export function countPush(channel: string, { version, total }: Roster): PresencePush {
  return { type: 'presence', channel, version, total };
}

/** Changes in pushes of a good size. */
export function changePushes(
  channel: string,
  { version, total }: Roster,
  changes: readonly MemberChange[],
): PresencePush[] {
  return chunk(changes).map((some) => ({ type: 'presence', channel, version, total, changes: some }));
}

/** The whole list: the first push says to forget what was known, all but the last that more follows. */
export function listPushes(channel: string, roster: Roster, changes: readonly MemberChange[]): PresencePush[] {
  const chunks = changes.length === 0 ? [[]] : chunk(changes);
  return chunks.map((some, at) => ({
    type: 'presence',
    channel,
    version: roster.version,
    total: roster.total,
    changes: some,
    ...(at === 0 ? { reset: true as const } : undefined),
    ...(at < chunks.length - 1 ? { more: true as const } : undefined),
  }));
}

function chunk(changes: readonly MemberChange[]): MemberChange[][] {
  const chunks: MemberChange[][] = [];
  let size = Number.POSITIVE_INFINITY;
  for (const change of changes) {
    const bytes = JSON.stringify(change).length;
    if (size + bytes > PUSH) {
      chunks.push([]);
      size = 0;
    }
    chunks.at(-1)?.push(change);
    size += bytes;
  }
  return chunks;
}

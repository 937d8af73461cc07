import type { MemberChange, PresencePush } from '@sluice/protocol';
import type { PresenceChange, Roster, RosterPage } from '../engine/presence.ts';
import type { Wire } from '../protocols/protocol.ts';
import type { Stage } from './stage.ts';

/** A list comes back only when the members are so much fewer than the threshold: it must not flicker. */
const BACK_TO_LIST = 0.8;
/** Bytes of one push, roughly: with what a codec adds it stays below the `batchLimit` of transports. */
const PUSH = 12_000;

/**
 * Are there too many members to list? SPEC.md section 9.
 *
 * @param most bytes that a list may have, however few its members are
 */
export function mustCount({ counting, rule }: Stage, { total, bytes }: Roster, most: number): boolean {
  const share = counting === true ? BACK_TO_LIST : 1;
  return total > rule.listUpTo * share || bytes > most * share;
}

/** Too many to list: only how many there are. */
export function countPush(channel: string, { version, total }: Roster): PresencePush {
  return { type: 'presence', channel, version, total };
}

/**
 * Changes in pushes of a good size.
 *
 * @returns `null` when they have more than `most` bytes
 */
export function changePushes(
  { channel, roster, changes }: { channel: string; roster: Roster; changes: readonly PresenceChange[] },
  most: number,
): PresencePush[] | null {
  const { chunks, bytes } = chunk(changes.map(toWire));
  if (bytes > most) return null;
  const { version, total } = roster;
  return chunks.map((some) => ({ type: 'presence', channel, version, total, changes: some }));
}

function toWire({ version, user, member }: PresenceChange): MemberChange {
  return member === null ? { version, left: user } : { version, member };
}

/** The whole list: the first push says to forget what was known, all but the last that more follows. */
export function listPushes(channel: string, { version, total, members }: RosterPage): PresencePush[] {
  const { chunks } = chunk(members.map(({ member }) => ({ version, member })));
  if (chunks.length === 0) chunks.push([]);
  return chunks.map((some, at) => ({
    type: 'presence',
    channel,
    version,
    total,
    changes: some,
    ...(at === 0 ? { reset: true as const } : undefined),
    ...(at < chunks.length - 1 ? { more: true as const } : undefined),
  }));
}

function chunk(changes: readonly MemberChange[]): { chunks: MemberChange[][]; bytes: number } {
  const chunks: MemberChange[][] = [];
  let all = 0;
  let size = Number.POSITIVE_INFINITY;
  for (const change of changes) {
    const bytes = Buffer.byteLength(JSON.stringify(change));
    if (size + bytes > PUSH) {
      chunks.push([]);
      size = 0;
    }
    chunks.at(-1)?.push(change);
    size += bytes;
    all += bytes;
  }
  return { chunks, bytes: all };
}

/** One frame for each push. */
export function encodePushes(wire: Wire, pushes: readonly PresencePush[]): Uint8Array[] {
  return pushes.map((push) => {
    const frame = wire.encode([push]);
    return typeof frame === 'string' ? Buffer.from(frame) : frame;
  });
}

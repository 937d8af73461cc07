import type { MembersResult } from '@sluice/protocol';
import type { PlacedMember, RosterPage } from '../engine/presence.ts';
import type { Presence } from './presence.ts';

/** Bytes of one page, as of a page of history: a reply must leave the connection room for more. */
const MOST_BYTES = 262_144;

/** Reads a page of a channel's members: it also ends where it would become too large, after at least one. */
export function readMembers(
  presence: Presence,
  channel: string,
  { after, limit }: { after: number; limit: number },
): MembersResult | Promise<MembersResult> {
  const page = presence.list(channel, after, limit + 1); // one more: is there another page?
  return page instanceof Promise ? page.then((arrived) => shape(arrived, limit)) : shape(page, limit);
}

function shape({ total, members }: RosterPage, limit: number): MembersResult {
  const fitting = members.slice(0, Math.min(limit, countFitting(members)));
  const last = fitting.length < members.length ? fitting.at(-1) : undefined;
  return {
    total,
    members: fitting.map(({ member }) => member),
    ...(last === undefined ? undefined : { next: last.place }),
  };
}

function countFitting(members: readonly PlacedMember[]): number {
  let bytes = 0;
  const cut = members.findIndex(({ member }) => {
    bytes += Buffer.byteLength(JSON.stringify(member));
    return bytes > MOST_BYTES;
  });
  return cut === -1 ? members.length : Math.max(1, cut);
}

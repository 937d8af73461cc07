import type { MembersResult } from '@sluice/protocol';
import { PAGE_BYTES } from '../channels/budgets.ts';
import type { ListedMember, RosterPage } from '../engine/presence.ts';
import type { Presence } from './presence.ts';

export interface MembersQuery {
  readonly after: number;
  readonly limit: number;
  /** Called with the number of bytes of members in the page. */
  readonly onBytes: (bytes: number) => void;
}

/**
 * Reads a page of a channel's members. A page is also cut at a maximum size, after at least one
 * member.
 */
export function readMembers(
  presence: Presence,
  channel: string,
  query: MembersQuery,
): MembersResult | Promise<MembersResult> {
  const page = presence.list(channel, query.after, query.limit + 1); // one more, to know whether there is another page
  return page instanceof Promise ? page.then((arrived) => shape(arrived, query)) : shape(page, query);
}

function shape({ total, members }: RosterPage, { limit, onBytes }: MembersQuery): MembersResult {
  const { count, bytes } = measure(members);
  onBytes(bytes);
  const fitting = members.slice(0, Math.min(limit, count));
  const last = fitting.length < members.length ? fitting.at(-1) : undefined;
  return {
    total,
    members: fitting.map(({ member }) => member),
    ...(last === undefined ? undefined : { next: last.ordinal }),
  };
}

/** How many members fit into a page, and the members that were measured to find out. */
function measure(members: readonly ListedMember[]): { count: number; bytes: number } {
  let bytes = 0;
  const cut = members.findIndex(({ member }) => {
    bytes += Buffer.byteLength(JSON.stringify(member));
    return bytes > PAGE_BYTES;
  });
  return { count: cut === -1 ? members.length : Math.max(1, cut), bytes };
}

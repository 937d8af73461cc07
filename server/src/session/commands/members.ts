import { LIMITS, type MembersResult } from '@sluice/protocol';
import { authorize } from '../../channels/authorize.ts';
import { Refusal } from '../../channels/refusal.ts';
import type { PlacedMember, Roster } from '../../engine/presence.ts';
import type { Handler } from '../handler.ts';

/** Reads a page of the members. SPEC.md section 4.12. */
export const members: Handler<'members'> = (session, { channel, after = 0, limit = LIMITS.historyDefault }) => {
  const { rules, presence } = session.services;
  const allowed = authorize(rules, session.identity, 'presence', channel);
  if (allowed instanceof Refusal) return allowed;
  const roster = presence.roster(channel);
  const placed = presence.list(channel, after, limit);
  if (!(roster instanceof Promise) && !(placed instanceof Promise)) return toPage(roster, placed, limit);
  return Promise.all([roster, placed]).then(([known, listed]) => toPage(known, listed, limit));
};

function toPage({ total }: Roster, placed: readonly PlacedMember[], limit: number): MembersResult {
  const last = placed.length === limit ? placed.at(-1) : undefined;
  return {
    total,
    members: placed.map(({ member }) => member),
    ...(last === undefined ? undefined : { next: last.place }),
  };
}

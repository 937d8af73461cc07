import { LIMITS, type MembersResult } from '@sluice/protocol';
import { readMembers } from '../../presence/members.ts';
import { Refusal } from '../../refusal.ts';
import type { Handler } from '../handler.ts';
import { Permit } from '../permit.ts';

/** Reads a page of the members. SPEC.md section 4.12. */
export const members: Handler<'members'> = (
  session,
  { channel, after = 0, limit = LIMITS.historyDefault },
  decided,
) => {
  const { presence, clock } = session.services;
  const onBytes = (bytes: number) => session.limits.chargePage(bytes, clock);
  const allowed = session.authorize('presence', channel, decided);
  if (allowed instanceof Refusal) return allowed;
  const permit = new Permit(session, 'presence', channel, allowed);
  return session.pages.take(permit, (): MembersResult | Promise<MembersResult> =>
    readMembers(presence, channel, { after, limit, onBytes }),
  );
};

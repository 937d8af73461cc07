import { LIMITS, type MembersResult } from '@sluice/protocol';
import { authorize } from '../../channels/authorize.ts';
import { readMembers } from '../../channels/members.ts';
import { Refusal } from '../../channels/refusal.ts';
import type { Handler } from '../handler.ts';

/** Reads a page of the members. SPEC.md section 4.12. */
export const members: Handler<'members'> = (session, { channel, after = 0, limit = LIMITS.historyDefault }) => {
  const { rules, presence } = session.services;
  const forbidden = () => {
    const allowed = authorize(rules, session.identity, 'presence', channel);
    return allowed instanceof Refusal ? allowed : null;
  };
  return session.pages.take(forbidden, (): MembersResult | Promise<MembersResult> =>
    readMembers(presence, channel, { after, limit }),
  );
};

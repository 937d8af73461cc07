import { notMember } from '@sluice/protocol';
import type { Handler } from '../handler.ts';
import { MEMBERSHIPS } from '../membership.ts';
import { endAsked } from '../standing-commands.ts';

/** Stops being a member, at once. SPEC.md section 4.9. */
export const leave: Handler<'leave'> = (session, { channel }) =>
  endAsked(session, session.standings.of(MEMBERSHIPS).get(channel), notMember(channel));

import { Refusal } from '../../refusal.ts';
import type { Handler } from '../handler.ts';

/** Stops being a member, at once. SPEC.md section 4.9. */
export const leave: Handler<'leave'> = (session, { channel }) => {
  if (!session.attendance.memberships.has(channel))
    return new Refusal('not_member', `this connection has not entered "${channel}"`);
  const leaving = session.attendance.leave(channel, 0);
  return leaving instanceof Promise ? leaving.then(() => ({})) : {};
};

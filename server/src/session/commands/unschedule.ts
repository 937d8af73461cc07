import { Refusal } from '../../refusal.ts';
import type { Handler } from '../handler.ts';

/** Withdraws a scheduled message. SPEC.md section 13.2. */
export const unschedule: Handler<'unschedule'> = (session, { channel, message }, decided) => {
  const allowed = session.authorize('publish', channel, decided);
  if (allowed instanceof Refusal) return allowed;
  return session.services.schedules.unschedule(channel, message, session.identity).then((refusal) => refusal ?? {});
};

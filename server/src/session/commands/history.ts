import { readHistory } from '../../channels/history.ts';
import { Refusal } from '../../refusal.ts';
import type { Handler } from '../handler.ts';
import { Permit } from '../permit.ts';

/** Reads a page of a channel's log. SPEC.md section 4.6. */
export const history: Handler<'history'> = (session, command, decided) => {
  const { log, clock } = session.services;
  const onBytes = (bytes: number) => session.limits.chargePage(bytes, clock);
  const allowed = session.authorize('history', command.channel, decided);
  if (allowed instanceof Refusal) return allowed;
  const permit = new Permit(session, 'history', command.channel, allowed);
  return session.pages.take(permit, () => readHistory(log, command.channel, command, onBytes));
};

import { authorize } from '../../channels/authorize.ts';
import { readHistory } from '../../channels/history.ts';
import { Refusal } from '../../channels/refusal.ts';
import type { Handler } from '../handler.ts';

/** Reads a page of a channel's log. SPEC.md section 4.6. */
export const history: Handler<'history'> = (session, command) => {
  const allowed = authorize(session.services.rules, session.identity, 'history', command.channel);
  if (allowed instanceof Refusal) return allowed;
  return session.pages.take(() => readHistory(session.services.log, command.channel, command));
};

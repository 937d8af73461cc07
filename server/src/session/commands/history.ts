import { authorize } from '../../channels/authorize.ts';
import { readHistory } from '../../channels/history.ts';
import { Refusal } from '../../channels/refusal.ts';
import type { Handler } from '../handler.ts';

/** Reads a page of a channel's log. SPEC.md section 4.6. */
export const history: Handler<'history'> = (session, command) => {
  const { rules, log } = session.services;
  const forbidden = () => {
    const allowed = authorize(rules, session.identity, 'history', command.channel);
    return allowed instanceof Refusal ? allowed : null;
  };
  return session.pages.take(forbidden, () => readHistory(log, command.channel, command));
};

import { Refusal } from '../../refusal.ts';
import type { Handler } from '../handler.ts';

/** Stops watching who is present. SPEC.md section 4.11. */
export const unwatch: Handler<'unwatch'> = (session, { channel }) => {
  const watcher = session.watchers.get(channel);
  if (watcher === undefined) return new Refusal('not_subscribed', `not watching "${channel}"`);
  session.attendance.unwatch(watcher);
  return {};
};

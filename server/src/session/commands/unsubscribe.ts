import { Refusal } from '../../channels/refusal.ts';
import type { Handler } from '../handler.ts';

/** Ends the cursor on a channel. SPEC.md section 4.4. */
export const unsubscribe: Handler<'unsubscribe'> = (session, { channel }) => {
  const cursor = session.cursors.get(channel);
  if (cursor === undefined) return new Refusal('not_subscribed', `not subscribed to "${channel}"`);
  session.removeCursor(cursor);
  return {};
};

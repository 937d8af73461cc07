import type { UnsubscribeCommand } from '@sluice/protocol';
import { Refusal } from '../../refusal.ts';
import type { Handler } from '../handler.ts';
import type { Session } from '../session.ts';

/** Ends the cursor on a channel. SPEC.md section 4.4. */
export const unsubscribe: Handler<'unsubscribe'> = (session, command) => {
  const opening = session.opening.get(command.channel);
  if (opening === undefined) return leave(session, command);
  // The engine is still being asked for the cursor; whatever comes of it, it ends.
  const goOn = () => leave(session, command);
  return opening.then(goOn, goOn);
};

function leave(session: Session, { channel }: UnsubscribeCommand): Record<string, never> | Refusal {
  const cursor = session.cursors.get(channel);
  if (cursor === undefined) return new Refusal('not_subscribed', `not subscribed to "${channel}"`);
  session.removeCursor(cursor);
  return {};
}

import type { SubscribeResult } from '@sluice/protocol';
import type { Cursor } from '../../channels/cursor.ts';
import { Refusal } from '../../refusal.ts';
import type { Handler } from '../handler.ts';
import { Permit } from '../permit.ts';
import type { Session } from '../session.ts';

/** Opens a cursor. SPEC.md section 4.3. */
export const subscribe: Handler<'subscribe'> = (session, command) => {
  const { hub, settings } = session.services;
  const { channel } = command;
  const allowed = session.authorize('subscribe', channel);
  if (allowed instanceof Refusal) return allowed;
  if (session.cursors.has(channel) || session.opening.has(channel)) {
    return new Refusal('already_subscribed', `already subscribed to "${channel}"`);
  }
  const most = settings.limits.subscriptions;
  if (session.cursors.size + session.opening.size >= most) {
    return new Refusal('too_many_subscriptions', `a connection may have at most ${most} subscriptions`);
  }
  const open = () => hub.subscribe(session, { name: channel, rule: allowed.rule }, command);
  const cursor = open();
  if (!(cursor instanceof Promise)) return welcome(session, cursor);
  const opening = awaitCursor(session, cursor, { open, permit: new Permit(session, 'subscribe', channel, allowed) });
  session.opening.set(channel, opening);
  return opening.finally(() => session.opening.delete(channel));
};

interface Opening {
  readonly open: () => Cursor | Promise<Cursor>;
  readonly permit: Permit;
}

/** Where the engine has to be asked, the client may do other things meanwhile: leave, subscribe again, change its token. */
async function awaitCursor(
  session: Session,
  first: Promise<Cursor>,
  { open, permit }: Opening,
): Promise<SubscribeResult | Refusal> {
  const { hub } = session.services;
  for (let opening: Cursor | Promise<Cursor> = first; ; opening = open()) {
    const cursor = await opening;
    const refusal = permit.check();
    if (refusal === null) return welcome(session, cursor);
    hub.unsubscribe(cursor); // until it is decided: no message may come before the reply
    if (refusal instanceof Refusal) return refusal;
    const late = await refusal;
    if (late !== null) return late;
  }
}

function welcome(session: Session, cursor: Cursor): SubscribeResult {
  session.addCursor(cursor);
  const { epoch, offset } = cursor;
  return { epoch, offset, state: cursor.state === 'live' ? 'live' : 'replaying' };
}

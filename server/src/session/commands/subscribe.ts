import type { SubscribeResult } from '@sluice/protocol';
import { authorize } from '../../channels/authorize.ts';
import type { Cursor } from '../../channels/cursor.ts';
import { Refusal } from '../../channels/refusal.ts';
import type { CommandOf, Handler } from '../handler.ts';
import type { Session } from '../session.ts';

/** Opens a cursor. SPEC.md section 4.3. */
export const subscribe: Handler<'subscribe'> = (session, command) => {
  const { rules, hub, settings } = session.services;
  const { channel } = command;
  const allowed = authorize(rules, session.identity, 'subscribe', channel);
  if (allowed instanceof Refusal) return allowed;
  if (session.cursors.has(channel) || session.opening.has(channel)) {
    return new Refusal('already_subscribed', `already subscribed to "${channel}"`);
  }
  const most = settings.limits.subscriptions;
  if (session.cursors.size + session.opening.size >= most) {
    return new Refusal('too_many_subscriptions', `a connection may have at most ${most} subscriptions`);
  }
  const cursor = hub.subscribe(session, { name: channel, rule: allowed.rule }, command);
  if (!(cursor instanceof Promise)) return welcome(session, cursor);
  const opening = awaitCursor(session, command, cursor);
  session.opening.set(channel, opening);
  return opening;
};

/** Where the engine has to be asked, the client may do other things meanwhile: leave, subscribe again, change its token. */
async function awaitCursor(
  session: Session,
  { channel }: CommandOf<'subscribe'>,
  opening: Promise<Cursor>,
): Promise<SubscribeResult | Refusal> {
  try {
    const cursor = await opening;
    const allowed = authorize(session.services.rules, session.identity, 'subscribe', channel);
    if (!(allowed instanceof Refusal)) return welcome(session, cursor);
    session.services.hub.unsubscribe(cursor);
    return allowed;
  } finally {
    session.opening.delete(channel);
  }
}

function welcome(session: Session, cursor: Cursor): SubscribeResult {
  session.addCursor(cursor);
  const { epoch, offset } = cursor;
  return { epoch, offset, state: cursor.state === 'live' ? 'live' : 'replaying' };
}

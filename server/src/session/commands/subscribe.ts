import { alreadySubscribed, type SubscribeResult } from '@sluice/protocol';
import { type Cursor, SUBSCRIPTIONS } from '../../channels/cursor.ts';
import { keyOf, variantOf } from '../../channels/subscription-id.ts';
import { Refusal } from '../../refusal.ts';
import type { NowOrLater } from '../../util/now-or-later.ts';
import type { Handler } from '../handler.ts';
import { Permit } from '../permit.ts';
import type { SessionContext } from '../session-context.ts';
import { mayBegin } from '../standing-commands.ts';

/** Opens a cursor. SPEC.md section 4.3. */
export const subscribe: Handler<'subscribe'> = (session, command, decided) => {
  const { channel, sub } = command;
  const key = keyOf(channel, sub);
  const allowed = mayBegin(session, {
    kind: SUBSCRIPTIONS,
    key,
    verb: 'subscribe',
    channel,
    decided,
    already: alreadySubscribed(channel, sub),
    most: (limit) => `have at most ${limit} subscriptions`,
  });
  if (allowed instanceof Refusal) return allowed;
  if (command.since !== undefined) session.limits.chargeSearch(session.services.clock);
  const target = { name: channel, rule: allowed.rule, variant: variantOf(sub) };
  const open = () => session.services.hub.subscribe(session, target, command);
  const cursor = open();
  if (!(cursor instanceof Promise)) return welcome(session, cursor);
  const permit = new Permit(session, 'subscribe', channel, allowed);
  return session.addPending(SUBSCRIPTIONS, key, awaitCursor(session, cursor, { open, permit }));
};

interface Opening {
  readonly open: () => NowOrLater<Cursor>;
  readonly permit: Permit;
}

/** While the engine answers, the client may do other things: unsubscribe, subscribe again, replace its token. */
async function awaitCursor(
  session: SessionContext,
  first: Promise<Cursor>,
  { open, permit }: Opening,
): Promise<SubscribeResult | Refusal> {
  const { hub } = session.services;
  for (let opening: NowOrLater<Cursor> = first; ; opening = open()) {
    const cursor = await opening;
    const refusal = permit.check();
    if (refusal === null) return welcome(session, cursor);
    hub.unsubscribe(cursor); // while it is decided: no message may come before the reply
    if (refusal instanceof Refusal) return refusal;
    const late = await refusal;
    if (late !== null) return late;
  }
}

function welcome(session: SessionContext, cursor: Cursor): SubscribeResult {
  const { hub, events } = session.services;
  if (session.add(cursor))
    events.emit('subscribed', { connection: session.connection.id, channel: cursor.channelName });
  else hub.unsubscribe(cursor);
  const { epoch, offset } = cursor;
  return { epoch, offset, state: cursor.state === 'live' ? 'live' : 'replaying' };
}

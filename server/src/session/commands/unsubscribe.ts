import { notSubscribed, type UnsubscribeCommand } from '@sluice/protocol';
import { SUBSCRIPTIONS } from '../../channels/cursor.ts';
import { keyOf } from '../../channels/subscription-id.ts';
import type { Handler } from '../handler.ts';
import type { SessionContext } from '../session-context.ts';
import { endAsked } from '../standing-commands.ts';

/** Ends a subscription of a channel. SPEC.md section 4.4. */
export const unsubscribe: Handler<'unsubscribe'> = (session, command) => {
  const pending = session.standings.pending(SUBSCRIPTIONS, keyOf(command.channel, command.sub));
  if (pending === undefined) return leave(session, command);
  // The engine has not answered yet. Whatever it answers, the subscription ends.
  const goOn = () => leave(session, command);
  return pending.then(goOn, goOn);
};

const leave = (session: SessionContext, { channel, sub }: UnsubscribeCommand) =>
  endAsked(session, session.standings.of(SUBSCRIPTIONS).get(keyOf(channel, sub)), notSubscribed(channel, sub));

import { notWatching } from '@sluice/protocol';
import { PRESENCE_SUBSCRIPTIONS } from '../../presence/presence-subscription.ts';
import type { Handler } from '../handler.ts';
import type { SessionContext } from '../session-context.ts';
import { endAsked } from '../standing-commands.ts';

/** Stops watching who is present. SPEC.md section 4.11. */
export const unwatch: Handler<'unwatch'> = (session, { channel }) => {
  const pending = session.standings.pending(PRESENCE_SUBSCRIPTIONS, channel);
  if (pending === undefined) return leave(session, channel);
  // The engine has not answered yet. Whatever it answers, the watching ends.
  const goOn = () => leave(session, channel);
  return pending.then(goOn, goOn);
};

const leave = (session: SessionContext, channel: string) =>
  endAsked(session, session.standings.of(PRESENCE_SUBSCRIPTIONS).get(channel), notWatching(channel));

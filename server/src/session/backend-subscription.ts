import { isSubscribedByBackend, withChannels } from '../auth/identity.ts';
import { authorize } from '../channels/authorize.ts';
import { type Cursor, SUBSCRIPTIONS } from '../channels/cursor.ts';
import { Refusal } from '../refusal.ts';
import { chain, type NowOrLater } from '../util/now-or-later.ts';
import type { BackendOutcome, BackendSubscription } from './backend-outcome.ts';
import { Opening, welcome } from './commands/subscribe.ts';
import type { SessionContext } from './session-context.ts';

/**
 * Subscribes a connection to a channel for the backend, whatever the rule allows its user. The client
 * learns it by a push. SPEC.md section 7.4.
 */
export function subscribeForBackend(session: SessionContext, wish: BackendSubscription): NowOrLater<BackendOutcome> {
  const { channel } = wish;
  if (session.state !== 'connected' || session.wireSession.fixed === true) return 'held';
  const full = refuseFurther(session, channel);
  if (full !== null) return full;
  permit(session, channel);
  if (session.standings.has(SUBSCRIPTIONS, channel)) return 'held';
  return chain(authorize(session.services, session.identity, 'subscribe', channel), (match) => {
    if (match instanceof Refusal) return match;
    const command = { type: 'subscribe', id: 0, ...wish } as const;
    const opening = new Opening(session, command, undefined);
    return chain(opening.with(match), (cursor) => {
      if (cursor instanceof Refusal || opening.fits(cursor, match)) return announce(session, cursor);
      session.services.hub.unsubscribe(cursor); // the token or the rule was replaced meanwhile
      return subscribeForBackend(session, wish);
    });
  });
}

/** The client must subscribe itself to a channel that the backend has withdrawn. */
export function withdrawSubscriptions(session: SessionContext, matches: (channel: string) => boolean): void {
  const channels = session.identity.added?.channels;
  if (channels === undefined || ![...channels].some(matches)) return;
  session.assume(withChannels(session.identity, new Set([...channels].filter((channel) => !matches(channel)))));
}

function refuseFurther({ standings, services, identity }: SessionContext, channel: string): Refusal | null {
  const { subscriptions } = services.settings.limits;
  const others = identity.added?.channels ?? new Set();
  const full = standings.count(SUBSCRIPTIONS) >= subscriptions && !standings.has(SUBSCRIPTIONS, channel);
  if (!full && (others.size < subscriptions || others.has(channel))) return null;
  return new Refusal('too_many_subscriptions', `a connection may have at most ${subscriptions} subscriptions`);
}

/** From now on the connection may subscribe to the channel, with every token that it refreshes to. */
function permit(session: SessionContext, channel: string): void {
  const { identity } = session;
  if (isSubscribedByBackend(identity, channel)) return;
  session.assume(withChannels(identity, new Set([...(identity.added?.channels ?? []), channel])));
}

/** Unless something has changed while the engine answered: then the client has its own subscription, or none. */
function announce(session: SessionContext, cursor: Cursor | Refusal): BackendOutcome {
  if (cursor instanceof Refusal) return cursor;
  const channel = cursor.channelName;
  const isMeant = session.state === 'connected' && isSubscribedByBackend(session.identity, channel);
  if (!isMeant || session.standings.has(SUBSCRIPTIONS, channel)) {
    session.services.hub.unsubscribe(cursor);
    return 'held';
  }
  const result = welcome(session, cursor);
  session.push({ type: 'subscribed', subscriptions: [{ channel, ...result }] });
  return 'subscribed';
}

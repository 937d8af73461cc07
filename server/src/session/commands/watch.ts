import { alreadyWatching, type WatchResult } from '@sluice/protocol';
import type { Roster } from '../../engine/presence.ts';
import { PRESENCE_SUBSCRIPTIONS } from '../../presence/presence-subscription.ts';
import { Refusal } from '../../refusal.ts';
import type { Rule } from '../../rule.ts';
import type { Handler } from '../handler.ts';
import { Permit } from '../permit.ts';
import type { SessionContext } from '../session-context.ts';
import { mayBegin } from '../standing-commands.ts';

/** Watches who is present. SPEC.md section 4.10. */
export const watch: Handler<'watch'> = (session, { channel }, decided) => {
  const allowed = mayBegin(session, {
    ...{ kind: PRESENCE_SUBSCRIPTIONS, key: channel, verb: 'presence', channel, decided },
    already: alreadyWatching(channel),
    most: (limit) => `watch at most ${limit} channels`,
  });
  if (allowed instanceof Refusal) return allowed;
  const roster = session.services.presence.roster(channel);
  if (!(roster instanceof Promise)) return begin(session, channel, { roster, rule: allowed.rule });
  const permit = new Permit(session, 'presence', channel, allowed);
  return session.addPending(PRESENCE_SUBSCRIPTIONS, channel, awaitRoster(session, channel, { roster, permit }));
};

/**
 * The reply must come before the list, so watching begins when the engine has answered. Until then
 * the client may leave, or replace its token.
 */
async function awaitRoster(
  session: SessionContext,
  channel: string,
  { roster, permit }: { roster: Promise<Roster>; permit: Permit },
): Promise<WatchResult | Refusal> {
  const found = await roster;
  const refusal = await permit.check();
  return refusal ?? begin(session, channel, { roster: found, rule: permit.rule });
}

function begin(
  session: SessionContext,
  channel: string,
  { roster, rule }: { roster: Roster; rule: Rule },
): WatchResult {
  const { presence } = session.services;
  if (session.state === 'connected') session.add(presence.watch(session, channel, rule.presence));
  return { total: roster.total };
}

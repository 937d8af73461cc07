import type { WatchResult } from '@sluice/protocol';
import type { Roster } from '../../engine/presence.ts';
import { Refusal } from '../../refusal.ts';
import type { Rule } from '../../rule.ts';
import type { Handler } from '../handler.ts';
import { Permit } from '../permit.ts';
import type { Session } from '../session.ts';

/** Watches who is present. SPEC.md section 4.10. */
export const watch: Handler<'watch'> = (session, command) => {
  const { presence, settings } = session.services;
  const { channel } = command;
  const { watchers, opening } = session.attendance;
  const allowed = session.authorize('presence', channel);
  if (allowed instanceof Refusal) return allowed;
  if (watchers.has(channel) || opening.has(channel)) {
    return new Refusal('already_subscribed', `already watching "${channel}"`);
  }
  const most = settings.limits.subscriptions;
  if (watchers.size + opening.size >= most) {
    return new Refusal('too_many_subscriptions', `a connection may watch at most ${most} channels`);
  }
  const roster = presence.roster(channel);
  if (!(roster instanceof Promise)) return begin(session, channel, { roster, rule: allowed.rule });
  return awaitRoster(session, channel, { roster, permit: new Permit(session, 'presence', channel, allowed) });
};

/** The reply must come before the list; so the watching begins when the engine has answered. Until then the client may leave, or change its token. */
async function awaitRoster(
  session: Session,
  channel: string,
  { roster, permit }: { roster: Promise<Roster>; permit: Permit },
): Promise<WatchResult | Refusal> {
  const { opening } = session.attendance;
  opening.add(channel);
  try {
    const found = await roster;
    const refusal = await permit.check();
    return refusal ?? begin(session, channel, { roster: found, rule: permit.rule });
  } finally {
    opening.delete(channel);
  }
}

function begin(session: Session, channel: string, { roster, rule }: { roster: Roster; rule: Rule }): WatchResult {
  const { presence } = session.services;
  if (session.state === 'connected') session.attendance.add(presence.watch(session, channel, rule.presence));
  return { total: roster.total };
}

import type { WatchResult } from '@sluice/protocol';
import { authorize } from '../../channels/authorize.ts';
import { Refusal } from '../../channels/refusal.ts';
import type { Roster } from '../../engine/presence.ts';
import type { CommandOf, Handler } from '../handler.ts';
import type { Session } from '../session.ts';

/** Watches who is present. SPEC.md section 4.10. */
export const watch: Handler<'watch'> = (session, command) => {
  const { rules, presence, settings } = session.services;
  const { channel } = command;
  const { watchers, opening } = session.attendance;
  const allowed = authorize(rules, session.identity, 'presence', channel);
  if (allowed instanceof Refusal) return allowed;
  if (watchers.has(channel) || opening.has(channel)) {
    return new Refusal('already_subscribed', `already watching "${channel}"`);
  }
  const most = settings.limits.subscriptions;
  if (watchers.size + opening.size >= most) {
    return new Refusal('too_many_subscriptions', `a connection may watch at most ${most} channels`);
  }
  const roster = presence.roster(channel);
  return roster instanceof Promise ? awaitRoster(session, command, roster) : begin(session, command, roster);
};

/** The reply must come before the list; so the watching begins when the engine has answered. Until then the client may leave, or change its token. */
async function awaitRoster(
  session: Session,
  command: CommandOf<'watch'>,
  roster: Promise<Roster>,
): Promise<WatchResult | Refusal> {
  const { opening } = session.attendance;
  opening.add(command.channel);
  try {
    return begin(session, command, await roster);
  } finally {
    opening.delete(command.channel);
  }
}

function begin(session: Session, { channel }: CommandOf<'watch'>, { total }: Roster): WatchResult | Refusal {
  const { rules, presence } = session.services;
  const allowed = authorize(rules, session.identity, 'presence', channel);
  if (allowed instanceof Refusal) return allowed;
  if (session.state === 'connected') session.attendance.add(presence.watch(session, channel, allowed.rule.presence));
  return { total };
}

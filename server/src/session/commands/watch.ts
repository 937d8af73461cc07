import { authorize } from '../../channels/authorize.ts';
import { Refusal } from '../../channels/refusal.ts';
import type { Handler } from '../handler.ts';

/** Watches who is present. SPEC.md section 4.10. */
export const watch: Handler<'watch'> = (session, { channel }) => {
  const { rules, presence, settings } = session.services;
  const allowed = authorize(rules, session.identity, 'presence', channel);
  if (allowed instanceof Refusal) return allowed;
  if (session.watchers.has(channel)) return new Refusal('already_subscribed', `already watching "${channel}"`);
  if (session.watchers.size >= settings.limits.subscriptions) {
    return new Refusal(
      'too_many_subscriptions',
      `a connection may watch at most ${settings.limits.subscriptions} channels`,
    );
  }
  session.attendance.add(presence.watch(session, channel, allowed.rule.presence));
  const roster = presence.roster(channel);
  return roster instanceof Promise ? roster.then(({ total }) => ({ total })) : { total: roster.total };
};

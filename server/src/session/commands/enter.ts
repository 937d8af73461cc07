import { authorize } from '../../channels/authorize.ts';
import { Refusal } from '../../channels/refusal.ts';
import { tooLarge } from '../attendance.ts';
import type { Handler } from '../handler.ts';

/** Becomes a member, or changes the member's state. SPEC.md section 4.8. */
export const enter: Handler<'enter'> = (session, { channel, state }) => {
  const { attendance, identity, services } = session;
  const allowed = authorize(services.rules, identity, 'enter', channel);
  if (allowed instanceof Refusal) return allowed;
  if (identity.user === null) return new Refusal('permission_denied', `only users may "enter" "${channel}"`);
  const problem = state === undefined ? null : tooLarge('"state"', state, allowed.rule.presence.state);
  if (problem !== null) return problem;
  const most = services.settings.limits.subscriptions;
  if (!attendance.memberships.has(channel) && attendance.memberships.size >= most) {
    return new Refusal('too_many_subscriptions', `a connection may be a member of at most ${most} channels`);
  }
  const outcome = attendance.enter(channel, identity.user, state);
  return outcome instanceof Promise ? outcome.then(() => ({})) : (outcome ?? {});
};

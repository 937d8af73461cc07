import type { Json } from '@sluice/protocol';
import { validateState } from '../../channels/validate.ts';
import type { EventBus } from '../../events.ts';
import { Refusal } from '../../refusal.ts';
import type { Rule } from '../../rule.ts';
import { tooLarge } from '../attendance.ts';
import type { Handler } from '../handler.ts';
import { Permit } from '../permit.ts';
import type { Session } from '../session.ts';

/** Becomes a member, or changes the member's state. SPEC.md section 4.8. */
export const enter: Handler<'enter'> = (session, { channel, state }) => {
  const { attendance, identity, services } = session;
  const allowed = session.authorize('enter', channel);
  if (allowed instanceof Refusal) return allowed;
  if (identity.user === null) return new Refusal('permission_denied', `only users may "enter" "${channel}"`);
  const fit = state === undefined ? NO_STATE : fitState(state, allowed.rule, services.events);
  if (fit instanceof Refusal) return fit;
  const most = services.settings.limits.subscriptions;
  if (!attendance.memberships.has(channel) && attendance.memberships.size >= most) {
    return new Refusal('too_many_subscriptions', `a connection may be a member of at most ${most} channels`);
  }
  const outcome = attendance.enter(channel, identity.user, fit.value);
  if (!(outcome instanceof Promise)) return outcome ?? {};
  const permit = new Permit(session, 'enter', channel, allowed);
  return outcome.then(() => answerLate(session, channel, permit));
};

/** The token may have been replaced while the store was asked. */
async function answerLate(
  { attendance }: Session,
  channel: string,
  permit: Permit,
): Promise<Record<string, never> | Refusal> {
  if (attendance.memberships.has(channel)) return {};
  return (await permit.check()) ?? {}; // the client has left meanwhile
}

const NO_STATE = { value: undefined };

/** Checked for its size before a schema works on it, and after: the schema may add to it. */
function fitState(state: Json, rule: Rule, events: EventBus): { readonly value: Json } | Refusal {
  const most = rule.presence.state;
  const problem = tooLarge('"state"', state, most);
  if (problem !== null || !rule.schemas?.presence) return problem ?? { value: state };
  const valid = validateState(state, rule, events);
  return valid instanceof Refusal ? valid : (tooLarge('"state"', valid.value, most) ?? valid);
}

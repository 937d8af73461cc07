import type { Json } from '@sluice/protocol';
import type { Rule } from '../../auth/rule.ts';
import { authorize } from '../../channels/authorize.ts';
import { Refusal } from '../../channels/refusal.ts';
import { validateState } from '../../channels/validate.ts';
import type { EventBus } from '../../events.ts';
import { tooLarge } from '../attendance.ts';
import type { Handler } from '../handler.ts';
import type { Session } from '../session.ts';

/** Becomes a member, or changes the member's state. SPEC.md section 4.8. */
export const enter: Handler<'enter'> = (session, { channel, state }) => {
  const { attendance, identity, services } = session;
  const allowed = authorize(services.rules, identity, 'enter', channel);
  if (allowed instanceof Refusal) return allowed;
  if (identity.user === null) return new Refusal('permission_denied', `only users may "enter" "${channel}"`);
  const fit = state === undefined ? NO_STATE : fitState(state, allowed.rule, services.events);
  if (fit instanceof Refusal) return fit;
  const most = services.settings.limits.subscriptions;
  if (!attendance.memberships.has(channel) && attendance.memberships.size >= most) {
    return new Refusal('too_many_subscriptions', `a connection may be a member of at most ${most} channels`);
  }
  const outcome = attendance.enter(channel, identity.user, fit.value);
  return outcome instanceof Promise ? outcome.then(() => answerLate(session, channel)) : (outcome ?? {});
};

/** The token may have been replaced while the store was asked. */
function answerLate({ attendance, identity, services }: Session, channel: string): Record<string, never> | Refusal {
  if (attendance.memberships.has(channel)) return {};
  const allowed = authorize(services.rules, identity, 'enter', channel);
  return allowed instanceof Refusal ? allowed : {}; // the client has left meanwhile
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

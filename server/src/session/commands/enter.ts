import { Refusal } from '../../refusal.ts';
import type { Handler } from '../handler.ts';
import { momentOf, reviewIfLate } from '../late-hook-review.ts';
import { infoProblem } from '../member-info.ts';
import { fitState } from '../member-state.ts';
import { MEMBERSHIPS, Membership } from '../membership.ts';
import { Permit } from '../permit.ts';
import type { SessionContext } from '../session-context.ts';

/** Becomes a member, or changes the member's state. SPEC.md section 4.8. */
export const enter: Handler<'enter'> = (session, { channel, state }, decided) => {
  const { identity, services, standings } = session;
  const { user } = identity;
  const allowed = session.authorize('enter', channel, decided);
  if (allowed instanceof Refusal) return allowed;
  if (user === null)
    return new Refusal('permission_denied', `only users may "enter" "${channel}"`).advise('Connect with a token.');
  const fit = state === undefined ? NO_STATE : fitState(state, allowed.rule, services.events);
  if (fit instanceof Refusal) return fit;
  const most = services.settings.limits.subscriptions;
  const membership = standings.of(MEMBERSHIPS).get(channel);
  if (membership === undefined && standings.count(MEMBERSHIPS) >= most) {
    return new Refusal('too_many_subscriptions', `a connection may be a member of at most ${most} channels`);
  }
  const problem = infoProblem(identity);
  if (problem !== null) return problem;
  const moment = momentOf(session, decided);
  const entering = (membership ?? new Membership(session, channel, user)).enter(fit.value, decided?.hooked?.info);
  reviewIfLate(session, channel, moment); // the session holds it from now on
  if (!(entering instanceof Promise)) return {};
  const permit = new Permit(session, 'enter', channel, allowed);
  return entering.then(() => answerLate(session, channel, permit));
};

/** The token may have been replaced while the store was asked. */
async function answerLate(
  { standings }: SessionContext,
  channel: string,
  permit: Permit,
): Promise<Record<string, never> | Refusal> {
  if (standings.of(MEMBERSHIPS).has(channel)) return {};
  return (await permit.check()) ?? {}; // the client has left meanwhile
}

const NO_STATE = { value: undefined };

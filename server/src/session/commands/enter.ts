import type { Json } from '@sluice/protocol';
import { authorize } from '../../channels/authorize.ts';
import { Refusal } from '../../channels/refusal.ts';
import type { Handler } from '../handler.ts';

/** Most bytes of the token's `info` claim, as JSON. */
const MOST_INFO = 1024;

/** Becomes a member, or changes the member's state. SPEC.md section 4.8. */
export const enter: Handler<'enter'> = (session, { channel, state }) => {
  const { rules, presence, settings } = session.services;
  const { identity } = session;
  const allowed = authorize(rules, identity, 'enter', channel);
  if (allowed instanceof Refusal) return allowed;
  if (identity.user === null) return new Refusal('permission_denied', `only users may "enter" "${channel}"`);
  const problem =
    sizeProblem('"state"', state, allowed.rule.presence.state) ??
    sizeProblem('the claim "info"', identity.claims.info, MOST_INFO);
  if (problem !== null) return problem;
  if (
    !session.attendance.memberships.has(channel) &&
    session.attendance.memberships.size >= settings.limits.subscriptions
  ) {
    return new Refusal(
      'too_many_subscriptions',
      `a connection may be a member of at most ${settings.limits.subscriptions} channels`,
    );
  }
  session.attendance.memberships.add(channel);
  const entrant = {
    channel,
    connection: session.connection.id,
    user: identity.user,
    ...(identity.claims.info === undefined ? undefined : { info: identity.claims.info as Json }),
    ...(state === undefined ? undefined : { state }),
  };
  const entering = presence.enter(entrant);
  return entering instanceof Promise ? entering.then(() => ({})) : {};
};

function sizeProblem(what: string, value: unknown, most: number): Refusal | null {
  if (value === undefined) return null;
  const size = Buffer.byteLength(JSON.stringify(value));
  return size <= most
    ? null
    : new Refusal('payload_too_large', `${what} has ${size} bytes as JSON; at most ${most} are taken`);
}

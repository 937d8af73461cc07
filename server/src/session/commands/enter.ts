import { checkData, type Json } from '@sluice/protocol';
import { authorize } from '../../channels/authorize.ts';
import { Refusal } from '../../channels/refusal.ts';
import type { Handler } from '../handler.ts';

/** Most bytes of the token's `info` claim, as JSON. */
const MOST_INFO = 1024;

/** Becomes a member, or changes the member's state. SPEC.md section 4.8. */
export const enter: Handler<'enter'> = (session, { channel, state }) => {
  const { rules, presence, settings } = session.services;
  const { user, claims } = session.identity;
  const allowed = authorize(rules, session.identity, 'enter', channel);
  if (allowed instanceof Refusal) return allowed;
  if (user === null) return new Refusal('permission_denied', `only users may "enter" "${channel}"`);
  const problem = stateProblem(state, allowed.rule.presence.state) ?? infoProblem(claims.info);
  if (problem !== null) return problem;
  const { memberships } = session.attendance;
  const most = settings.limits.subscriptions;
  if (!memberships.has(channel) && memberships.size >= most) {
    return new Refusal('too_many_subscriptions', `a connection may be a member of at most ${most} channels`);
  }
  const isNew = !memberships.has(channel);
  memberships.add(channel);
  const entering = presence.enter({
    channel,
    connection: session.connection.id,
    user,
    ...(claims.info === undefined ? undefined : { info: claims.info as Json }),
    ...(state === undefined ? undefined : { state }),
  });
  if (!(entering instanceof Promise)) return {};
  return entering.then(
    () => ({}),
    (error: unknown) => {
      if (isNew) memberships.delete(channel);
      throw error;
    },
  );
};

function stateProblem(state: unknown, most: number): Refusal | null {
  return state === undefined ? null : sizeProblem('"state"', state, most);
}

/** The token's issuer may have put anything into it, but every watcher must be able to read it. SPEC.md section 3.3. */
function infoProblem(info: unknown): Refusal | null {
  if (info === undefined) return null;
  const fault = checkData(info);
  return fault === null
    ? sizeProblem('the claim "info"', info, MOST_INFO)
    : new Refusal('payload_invalid', fault.replace(/^data/, 'the claim "info"'));
}

function sizeProblem(what: string, value: unknown, most: number): Refusal | null {
  const size = Buffer.byteLength(JSON.stringify(value));
  return size <= most
    ? null
    : new Refusal('payload_too_large', `${what} has ${size} bytes as JSON; at most ${most} are taken`);
}

import type { ConnectResult } from '@sluice/protocol';
import { type Added, ANONYMOUS, type Identity, withAdded } from '../../auth/identity.ts';
import type { Verification } from '../../auth/token.ts';
import type { HookAnswer } from '../../hooks/hook-answer.ts';
import { Refusal } from '../../refusal.ts';
import { chain, type NowOrLater } from '../../util/now-or-later.ts';
import type { CommandOf, Handler } from '../handler.ts';
import type { SessionContext } from '../session-context.ts';

/** Authenticates the connection. SPEC.md section 4.1. */
export const connect: Handler<'connect'> = (session, command) => {
  if (session.state !== 'new') return new Refusal('already_connected');
  if (command.token === undefined) return connectAnonymously(session, command);
  const verification = session.services.verifier.verify(command.token);
  if (!(verification instanceof Promise)) return complete(session, command, verification);
  session.beginAuthentication();
  return verification.then((later) => complete(session, command, later));
};

type Outcome = NowOrLater<ConnectResult | Refusal>;

function complete(session: SessionContext, command: CommandOf<'connect'>, verification: Verification): Outcome {
  if (session.state === 'closed') return new Refusal('token_required'); // nobody receives it
  if (verification.ok) return askHook(session, command, verification.identity);
  return refuseConnect(session, command, new Refusal(verification.error, verification.message));
}

function connectAnonymously(session: SessionContext, command: CommandOf<'connect'>): Outcome {
  if (session.services.settings.anonymous) return askHook(session, command, ANONYMOUS);
  return refuseConnect(session, command, new Refusal('token_required'));
}

/** A hook may refuse the connection, and add to its identity. */
function askHook(session: SessionContext, command: CommandOf<'connect'>, identity: Identity): Outcome {
  const { hooks } = session.services;
  if (!hooks.active) return admit(session, command, identity);
  const verdict = hooks.ask({ kind: 'connect', by: identity, asker: session, connection: session.connection.id });
  if (verdict instanceof Promise) session.awaitHook();
  return chain(verdict, (answer) => {
    if (session.state === 'closed') return new Refusal('token_required'); // nobody receives it
    if (answer instanceof Refusal) return refuseConnect(session, command, answer);
    return admit(session, command, answer === null ? identity : withAdded(identity, addedBy(answer)));
  });
}

function addedBy({ info, meta }: HookAnswer): Added | undefined {
  if (info === undefined && meta === undefined) return undefined;
  return { ...(info !== undefined && { info }), ...(meta !== undefined && { meta }) };
}

/** Closes the connection with the reason: the close code is the error's code. SPEC.md section 8.2. */
function refuseConnect(session: SessionContext, command: CommandOf<'connect'>, refusal: Refusal): Refusal {
  session.closeWith(refusal, command);
  return refusal;
}

/** A user may hold a limited number of connections. */
function admit(session: SessionContext, command: CommandOf<'connect'>, identity: Identity): ConnectResult | Refusal {
  const { registry, settings } = session.services;
  const most = settings.limits.connectionsPerUser;
  const { user } = identity;
  if (user === null) return welcome(session, command, identity);
  if (most > 0 && registry.users.of(user) >= most) {
    return refuseConnect(
      session,
      command,
      new Refusal('too_many_connections', `a user may have at most ${most} connections`),
    );
  }
  registry.users.add(user, session);
  return welcome(session, command, identity);
}

function welcome(
  session: SessionContext,
  { client }: CommandOf<'connect'>,
  identity: Identity,
): ConnectResult | Refusal {
  const { settings, clock, events } = session.services;
  session.assume(identity);
  if (session.state === 'closed') return new Refusal('token_revoked'); // as it is closed with
  const { user, expiresAt } = identity;
  const connection = session.connection.id;
  events.emit('authenticated', { connection, user, client });
  const time = clock.now();
  const { heartbeat } = settings;
  const { maxFrame } = settings.limits;
  return expiresAt === undefined
    ? { connection, user, time, heartbeat, maxFrame }
    : { connection, user, time, expiresAt, heartbeat, maxFrame };
}

import type { Decision } from '../../channels/authorize.ts';
import type { PublishRequest } from '../../channels/publication.ts';
import type { CommandOf, Handler } from '../handler.ts';
import type { SessionContext } from '../session-context.ts';

/** Publishes a message to a channel. SPEC.md section 4.5. */
export const publish: Handler<'publish'> = (session, command, decided, size) => {
  const { channel } = command;
  const behind = session.blockedSeries?.refusalOf(command) ?? null;
  if (behind !== null) {
    if (behind.error === 'rate_limited') session.limits.countViolation();
    return behind;
  }
  const { door } = session.services;
  if (decided?.publication !== undefined) return door.finish(decided.publication);
  return door.publish(
    publishRequest(session, command, { decision: session.authorize('publish', channel, decided), size }),
  );
};

/** A publish of a connection, as the door receives it. */
export function publishRequest(
  session: SessionContext,
  command: CommandOf<'publish'>,
  { decision, size }: { readonly decision: Decision; readonly size: number },
): PublishRequest {
  return {
    channel: command.channel,
    draft: command,
    checked: true,
    by: session.identity,
    decision,
    allowance: session.limits,
    connection: session.connection.id,
    asker: session,
    arrived: size,
  };
}

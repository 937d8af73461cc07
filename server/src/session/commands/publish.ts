import type { Handler } from '../handler.ts';

/** Publishes a message to a channel. SPEC.md section 4.5. */
export const publish: Handler<'publish'> = (session, command, decided, size) => {
  const { channel } = command;
  const behind = session.blockedSeries?.refusalOf(command) ?? null;
  if (behind !== null) {
    if (behind.error === 'rate_limited') session.limits.countViolation();
    return behind;
  }
  return session.services.door.publish({
    channel,
    draft: command,
    checked: true,
    by: session.identity,
    decision: session.authorize('publish', channel, decided),
    allowance: session.limits,
    arrived: size,
  });
};

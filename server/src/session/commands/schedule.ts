import type { Handler } from '../handler.ts';

/** Publishes a message later. SPEC.md section 13.1. */
export const schedule: Handler<'schedule'> = (session, command, decided, size) =>
  session.services.schedules.schedule(
    {
      channel: command.channel,
      draft: command,
      checked: true,
      by: session.identity,
      decision: session.authorize('publish', command.channel, decided),
      allowance: session.limits,
      arrived: size,
    },
    command,
  );

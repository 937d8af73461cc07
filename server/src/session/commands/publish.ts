import type { Publisher } from '../../channels/publish.ts';
import { Refusal } from '../../refusal.ts';
import type { Handler } from '../handler.ts';

/** Appends a message to a channel's log. SPEC.md section 4.5. */
export const publish: Handler<'publish'> = (session, command, decided, size) => {
  const { publishing, clock } = session.services;
  const { channel } = command;
  const behind = session.brokenSeries?.refusalOf(command) ?? null;
  if (behind !== null) {
    if (behind.error === 'rate_limited') session.limits.strike();
    return behind;
  }
  const allowed = session.authorize('publish', channel, decided);
  if (allowed instanceof Refusal) return allowed;
  const over = session.limits.takePublish(allowed.rule, channel, clock);
  if (over !== null) return over;
  const { user } = session.identity;
  const publisher: Publisher = user === null ? { kind: 'anonymous' } : { kind: 'user', user };
  return publishing.publish({ channel, rule: allowed.rule, draft: command, publisher, arrived: size });
};

import type { RefreshResult } from '@sluice/protocol';
import type { Identity } from '../../auth/identity.ts';
import { authorize } from '../../channels/authorize.ts';
import { Refusal } from '../../channels/refusal.ts';
import type { Handler } from '../handler.ts';
import type { Session } from '../session.ts';

/** Replaces the token of a live connection; the old one stays in force when the new one is refused. SPEC.md section 4.2. */
export const refresh: Handler<'refresh'> = async (session, { token }) => {
  const verification = await session.services.verifier.verify(token);
  if (!verification.ok) return new Refusal(verification.error, verification.message);
  const { identity } = verification;
  if (identity.user !== session.identity.user) return new Refusal('user_changed');
  session.assume(identity);
  endForbidden(session, identity);
  return { expiresAt: identity.expiresAt ?? 0 } satisfies RefreshResult;
};

/** Subscriptions that the new token does not allow any more end with their reason. */
function endForbidden(session: Session, identity: Identity): void {
  for (const cursor of session.cursors.values()) {
    const allowed = authorize(session.services.rules, identity, 'subscribe', cursor.channel.name);
    if (allowed instanceof Refusal) session.dropCursor(cursor, 'permission');
  }
  for (const watcher of session.watchers.values()) {
    const { channel } = watcher.stage;
    if (!(authorize(session.services.rules, identity, 'presence', channel) instanceof Refusal)) continue;
    session.attendance.unwatch(watcher);
    session.push({ type: 'unwatched', channel, reason: 'permission' });
  }
  for (const channel of session.attendance.memberships) {
    if (!(authorize(session.services.rules, identity, 'enter', channel) instanceof Refusal)) continue;
    void session.attendance.leave(channel, 0);
    session.push({ type: 'left', channel, reason: 'permission' });
  }
}

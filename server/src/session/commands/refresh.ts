import type { RefreshResult } from '@sluice/protocol';
import type { Identity, Verb } from '../../auth/identity.ts';
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
  if (session.state === 'connected') {
    endForbidden(session, identity);
    if (identity.user !== null) session.attendance.showInfo(identity.user);
  }
  return { expiresAt: identity.expiresAt ?? 0, time: session.services.clock.now() } satisfies RefreshResult;
};

/** What the new token does not allow any more ends with its reason. */
function endForbidden(session: Session, identity: Identity): void {
  const { attendance, services } = session;
  const isForbidden = (verb: Verb, channel: string) =>
    authorize(services.rules, identity, verb, channel) instanceof Refusal;
  for (const cursor of session.cursors.values()) {
    if (isForbidden('subscribe', cursor.channel.name)) session.dropCursor(cursor, 'permission');
  }
  for (const watcher of session.watchers.values()) {
    const { channel } = watcher.stage;
    if (!isForbidden('presence', channel)) continue;
    attendance.unwatch(watcher);
    session.push({ type: 'unwatched', channel, reason: 'permission' });
  }
  for (const channel of attendance.memberships) {
    if (!isForbidden('enter', channel)) continue;
    attendance.drop(channel, 0);
    session.push({ type: 'left', channel, reason: 'permission' });
  }
}

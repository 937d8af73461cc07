import type { RefreshResult } from '@sluice/protocol';
import { withAdded } from '../../auth/identity.ts';
import { Refusal } from '../../refusal.ts';
import type { Handler } from '../handler.ts';
import { PermissionReview } from '../permission-review.ts';
import type { SessionContext } from '../session-context.ts';

/**
 * Replaces the token of a live connection; the old one stays in force when the new one is refused.
 * SPEC.md section 4.2.
 */
export const refresh: Handler<'refresh'> = (session, { token }) => {
  const { limits, services } = session;
  const over = limits.beginRefresh(services.clock); // before the signature is verified, which is work, too
  return over ?? replaceToken(session, token).finally(() => limits.endRefresh());
};

async function replaceToken(session: SessionContext, token: string): Promise<RefreshResult | Refusal> {
  const { verifier, clock } = session.services;
  const verification = await verifier.verify(token);
  if (!verification.ok) return new Refusal(verification.error, verification.message);
  const { identity } = verification;
  const before = session.identity;
  if (identity.user !== before.user) return new Refusal('user_changed');
  session.assume(withAdded(identity, before.added));
  await PermissionReview.ofToken(session, before).run();
  return { expiresAt: identity.expiresAt ?? 0, time: clock.now() };
}

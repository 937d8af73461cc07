import type { Identity } from '../auth/identity.ts';
import type { Decided } from './decided.ts';
import { PermissionReview } from './permission-review.ts';
import type { SessionContext } from './session-context.ts';

/** When the hooks have decided about a command: for which identity, and after which recheck. */
export interface HookMoment {
  readonly identity: Identity;
  readonly rechecks: number;
}

/** Now, or when the command was decided before it was carried out. */
export const momentOf = ({ identity, services }: SessionContext, decided: Decided | null): HookMoment =>
  decided ?? { identity, rechecks: services.hooks.rechecks };

/**
 * Asks the hooks again about what a command has begun, if the token was replaced or a recheck was
 * requested while the command waited: that review did not find it yet.
 */
export function reviewIfLate(session: SessionContext, channel: string, moment: HookMoment): void {
  const { services, identity } = session;
  const { hooks, events } = services;
  if (!hooks.active || (moment.identity === identity && moment.rechecks === hooks.rechecks)) return;
  PermissionReview.ofHooks([session], services, { only: (name) => name === channel })
    .run()
    .catch((error: unknown) => events.emit('fault', { where: 'a late review by hooks', error }));
}

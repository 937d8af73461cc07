import { type Identity, isBackend } from '../auth/identity.ts';

/** A key belongs to its publisher. The length in front keeps apart what would otherwise join to the same text. */
export function scopeOf(by: Identity): string {
  const { user } = by;
  if (user !== null) return `user ${user.length} ${user}`;
  return isBackend(by) ? 'backend' : 'anonymous';
}

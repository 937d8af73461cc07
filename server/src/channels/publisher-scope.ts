import type { Identity } from '../auth/identity.ts';

/** A key belongs to its publisher. The length in front keeps apart what would otherwise join to the same text. */
export function scopeOf({ user, trusted, name }: Identity): string {
  if (user !== null) return `user ${user.length} ${user}`;
  return trusted === true || name !== undefined ? 'backend' : 'anonymous';
}

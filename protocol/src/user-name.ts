import { LIMITS } from './limits.ts';

/** Control characters: users appear in logs, terminals and pages. */
const CONTROL = /\p{Cc}/u;

/** Returns why a value is not the name of a user, the rest of a sentence; `null` if it is one. SPEC.md section 3.3. */
export function userNameFault(user: unknown): string | null {
  if (typeof user !== 'string' || user === '') return 'must be a non-empty string';
  if (user.length > LIMITS.userLength) return `is longer than ${LIMITS.userLength} characters`;
  if (!user.isWellFormed()) return 'holds a lone surrogate';
  return CONTROL.test(user) ? 'holds a control character' : null;
}

const BASE = 500;
const CAP = 20_000;

/**
 * Returns the pause before the next attempt: exponential, with full jitter. SPEC.md section 8.3.
 *
 * @param failures attempts that failed in a row, from 0
 * @param atLeast minimum pause in milliseconds
 * @returns whole milliseconds
 */
export function backoff(failures: number, atLeast = 0): number {
  return Math.max(atLeast, Math.floor(Math.random() * Math.min(CAP, BASE * 2 ** failures)));
}

const BASE = 500;
const CAP = 20_000;

/**
 * How long to wait before the next attempt: exponential, with full jitter. SPEC.md section 8.3.
 *
 * @param failures attempts that have failed in a row so far, from 0
 * @param atLeast milliseconds that it takes anyway
 * @returns whole milliseconds
 */
export function backoff(failures: number, atLeast = 0): number {
  return Math.max(atLeast, Math.floor(Math.random() * Math.min(CAP, BASE * 2 ** failures)));
}

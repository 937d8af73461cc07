/** Milliseconds before the first process that ended unexpectedly is replaced. */
const FIRST = 100;
/** Milliseconds, at most, before one that ends again and again is. */
const MOST = 15_000;

/**
 * Milliseconds to wait after so many failures in a row: doubled each time, and spread, so that processes which failed together do not
 * fail together again.
 *
 * @param random from 0 to 1
 */
export function backoff(failures: number, random: number): number {
  const most = Math.min(MOST, FIRST * 2 ** Math.min(failures, 20));
  return Math.round(most * (0.5 + random / 2));
}

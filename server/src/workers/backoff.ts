/** Milliseconds until the first process that ended unexpectedly is replaced. */
const FIRST = 100;
/** Maximum of the wait in milliseconds, for a process that ends again and again. */
const MOST = 15_000;

/**
 * Milliseconds to wait after this many failures in a row. Doubles each time, with jitter, so that
 * processes that failed together do not restart together.
 *
 * @param random from 0 to 1
 */
export function backoff(failures: number, random: number): number {
  const most = Math.min(MOST, FIRST * 2 ** Math.min(failures, 20));
  return Math.round(most * (0.5 + random / 2));
}

import type { GroupOptions } from '../groups.ts';
import type { Entry } from './entry.ts';

/** Milliseconds that a message at least waits which cannot die because the dead list is full. */
export const FULL_DELAY = 10_000;
/** How much a backoff varies: by this part up and down. */
const VARIATION = 0.2;

/**
 * Milliseconds before a message that failed is delivered again.
 *
 * @param vary a random number from 0 to 1
 */
export function backoffOf({ attempt }: Entry, { backoff }: GroupOptions, vary: () => number): number {
  const wait = backoff[Math.min(attempt, backoff.length) - 1] ?? 0;
  return wait * (1 + VARIATION * (2 * vary() - 1));
}

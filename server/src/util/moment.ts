/** Times in milliseconds since the Unix epoch, as backends send them. */

/** March 1973. A smaller number is a time in seconds. */
const EARLIEST = 100_000_000_000;
/** Milliseconds by which the clock of a backend may be ahead. */
const TOLERANCE = 300_000;

const UNIT = 'milliseconds since the Unix epoch';

/** What is wrong with a time that should be in the past, or almost; `null`: nothing. */
export function pastFault(name: string, value: unknown, now: number): string | null {
  if (!Number.isSafeInteger(value) || (value as number) < 0) return `"${name}" must be ${UNIT}`;
  const time = value as number;
  if (time < EARLIEST) return `"${name}" is before 1974; it must be ${UNIT}. Multiply seconds by 1000`;
  return time > now + TOLERANCE ? `"${name}" is in the future; it is ${UNIT}` : null;
}

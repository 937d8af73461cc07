const OFTEN = 20;

/** Lets so many milliseconds pass: real processes are asked again and again, because they announce nothing to us. */
export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Waits until something holds.
 *
 * @param within milliseconds; far more than it can take on a busy machine
 * @throws Error that says what did not come true
 */
export async function until(
  holds: () => boolean | Promise<boolean>,
  { within = 60_000, what }: { within?: number; what: () => string },
): Promise<void> {
  const start = performance.now();
  while (!(await holds())) {
    if (performance.now() - start > within) throw new Error(`not within ${within} ms: ${what()}`);
    await pause(OFTEN);
  }
}

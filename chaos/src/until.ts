const OFTEN = 20;

/**
 * Waits this many milliseconds of real time: real processes have to be polled, because they do not
 * notify the test.
 */
export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Waits until a condition holds.
 *
 * @param within milliseconds; much longer than it takes on a busy machine
 * @throws Error with the condition that did not become true
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

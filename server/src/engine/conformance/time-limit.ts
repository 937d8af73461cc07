/**
 * Stops a property test before the test's own timeout, so that it reports the failure it has. On a
 * remote engine, shrinking a failure takes longer than a test may run.
 */
export const TIME_LIMIT = { interruptAfterTimeLimit: 150_000, markInterruptAsFailure: true };

/** Counts what the test runners report. */

/**
 * @typedef {{ passed: number, failed: number, skipped: number }} Counts
 * @typedef {{ numPassedTests?: number, numFailedTests?: number, numPendingTests?: number,
 *   numTodoTests?: number, testResults?: { name: string, status: string,
 *   assertionResults: { status: string, fullName: string }[] }[] }} VitestReport
 * @typedef {{ ok: boolean, title: string, file: string }} PlaywrightSpec
 * @typedef {{ specs?: PlaywrightSpec[], suites?: PlaywrightSuite[] }} PlaywrightSuite
 * @typedef {{ stats?: { expected: number, unexpected: number, flaky: number, skipped: number },
 *   errors?: unknown[], suites?: PlaywrightSuite[] }} PlaywrightReport
 */

/** @type {Counts} */
export const NOTHING = { passed: 0, failed: 0, skipped: 0 };

/** A step that is one check: it passes or fails as a whole. @param {boolean} ok @returns {Counts} */
export function countStep(ok) {
  return { ...NOTHING, [ok ? 'passed' : 'failed']: 1 };
}

/** Reads vitest's JSON report. @param {VitestReport} report @returns {Counts} */
export function countVitest(report) {
  const { numPassedTests = 0, numFailedTests = 0, numPendingTests = 0, numTodoTests = 0, testResults = [] } = report;
  // A file that cannot be loaded has no tests, but counts as one failure.
  const broken = testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  );
  return { passed: numPassedTests, failed: numFailedTests + broken.length, skipped: numPendingTests + numTodoTests };
}

/**
 * Reads Playwright's JSON report. A test that passed only on a retry has failed.
 * @param {PlaywrightReport} report @returns {Counts}
 */
export function countPlaywright({ stats, errors = [] }) {
  const { expected = 0, unexpected = 0, flaky = 0, skipped = 0 } = stats ?? {};
  return { passed: expected, failed: unexpected + flaky + errors.length, skipped };
}

/**
 * Checks a runner's exit code: a runner that exited with an error but reported no failed test has
 * failed, and so has one that ran no test.
 *
 * @param {Counts} counts
 * @param {boolean} ok did the runner exit with 0?
 * @returns {Counts}
 */
export function withExitCode(counts, ok) {
  const convincing = ok && counts.passed > 0;
  return convincing || counts.failed > 0 ? counts : { ...counts, failed: 1 };
}

/** @param {Counts[]} all @returns {Counts} */
export function sum(all) {
  return all.reduce(
    (total, { passed, failed, skipped }) => ({
      passed: total.passed + passed,
      failed: total.failed + failed,
      skipped: total.skipped + skipped,
    }),
    NOTHING,
  );
}

/** The machine-readable line: `12 passed, 0 failed`. @param {Counts} counts */
export function summary({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

/**
 * The second try of failed tests, alone on the machine after everything else: on a busy machine a
 * wait may be too short or two events may come in another order. A test that passes only then has a
 * race, in the test or in Sluice: the summary names it, so that somebody mends it.
 */
import { countPlaywright, countVitest, NOTHING, sum } from './counts.mjs';

/**
 * @typedef {import('./counts.mjs').Counts} Counts
 * @typedef {import('./counts.mjs').VitestReport} VitestReport
 * @typedef {import('./counts.mjs').PlaywrightReport} PlaywrightReport
 * @typedef {import('./counts.mjs').PlaywrightSuite} PlaywrightSuite
 * @typedef {import('./counts.mjs').PlaywrightSpec} PlaywrightSpec
 *
 * @typedef {{ counts: Counts, late: string[] }} Tries the result of both tries; `late`: the tests
 *   that passed only the second time
 */

/** Failures up to this number may come from the machine's load; more than that are no coincidence. */
export const MOST = 12;

/**
 * The test files in which something failed.
 *
 * @param {VitestReport} report
 * @returns {string[]} absolute paths; none if a second try has no prospect
 */
export function failedFiles({ testResults = [] }) {
  const files = testResults.filter(({ status }) => status === 'failed').map(({ name }) => name);
  return files.length > MOST ? [] : files;
}

/** Does a second try of the failed browser tests have a prospect? @param {PlaywrightReport} report */
export function hasProspect(report) {
  const { failed } = countPlaywright(report);
  return failed > 0 && failed <= MOST && (report.errors ?? []).length === 0;
}

/**
 * The result of both tries of the unit tests.
 *
 * @param {VitestReport} first
 * @param {VitestReport} second the report of the failed files alone
 * @returns {Tries}
 */
export function mergeVitest(first, second) {
  const again = new Set(failedFiles(first));
  const kept = (first.testResults ?? []).filter(({ name }) => !again.has(name)).map(countFile);
  const failed = new Set(testsOf(first, 'failed'));
  return {
    counts: sum([...kept, countVitest(second)]),
    late: testsOf(second, 'passed').filter((name) => failed.has(name)),
  };
}

/**
 * The result of both tries of the browser tests, as {@link mergeVitest}.
 *
 * @param {PlaywrightReport} first
 * @param {PlaywrightReport} second the report of the failed tests alone
 * @returns {Tries}
 */
export function mergePlaywright(first, second) {
  const { passed, skipped } = countPlaywright(first);
  const late = specsOf(second.suites ?? []).flatMap(({ ok, file, title }) => (ok ? `${file} > ${title}` : []));
  return { counts: sum([{ ...NOTHING, passed, skipped }, countPlaywright(second)]), late };
}

/** @param {NonNullable<VitestReport['testResults']>[number]} file @returns {Counts} */
function countFile({ assertionResults }) {
  /** @param {string[]} statuses */
  const number = (...statuses) => assertionResults.filter(({ status }) => statuses.includes(status)).length;
  return { passed: number('passed'), failed: number('failed'), skipped: number('pending', 'skipped', 'todo') };
}

/** @param {VitestReport} report @param {string} wanted @returns {string[]} */
function testsOf({ testResults = [] }, wanted) {
  return testResults.flatMap(({ name, assertionResults }) =>
    assertionResults.flatMap(({ status, fullName }) => (status === wanted ? `${name} > ${fullName}` : [])),
  );
}

/** @param {PlaywrightSuite[]} suites @returns {PlaywrightSpec[]} */
function specsOf(suites) {
  return suites.flatMap(({ specs = [], suites: inner = [] }) => [...specs, ...specsOf(inner)]);
}

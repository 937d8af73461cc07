/**
 * Puts one fault into a copy of the code, runs the tests that should notice it, and removes the
 * fault.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '../run-command.mjs';
import { Watchdog } from '../watchdog.mjs';

/** @typedef {import('./rooms.mjs').Mutant} Mutant */

/**
 * @param {string} text of the file
 * @param {Mutant} mutant
 * @returns {string} the text with the fault
 * @throws {Error} if the list does not match the code
 */
export function mutate(text, { file, from, to }) {
  const at = text.indexOf(from);
  const found = at < 0 ? 0 : text.indexOf(from, at + 1) < 0 ? 1 : 2;
  if (found !== 1 || from === to) {
    throw new Error(`${file}: the text to replace must occur once, and differ from its replacement: ${from}`);
  }
  return text.slice(0, at) + to + text.slice(at + from.length);
}

/** Milliseconds that one test may take. The tests of a room without a fault have the same limit. */
const TEST_LIMIT = 60_000;
/** Minutes without progress after which a run hangs: a test that can still be stopped has failed by then. */
const PATIENCE = 3;

/**
 * The result of a fault: a test failed, or hangs, which fails `npm test` too; all passed; or the run
 * failed without a failed test (it does not compile), which means nothing for the tests.
 *
 * @typedef {'noticed' | 'survived' | 'broken'} Verdict
 */

/**
 * @param {string} root of the copy
 * @param {Mutant} mutant
 * @returns {Promise<Verdict>}
 */
export async function tryMutant(root, mutant) {
  const path = join(root, mutant.file);
  const sound = readFileSync(path, 'utf8');
  writeFileSync(path, mutate(sound, mutant));
  try {
    return await runTests(root, mutant.tests);
  } finally {
    writeFileSync(path, sound);
  }
}

/**
 * @param {string} root
 * @param {readonly string[]} tests
 * @param {typeof runCommand} [run] for tests
 * @returns {Promise<Verdict>}
 */
export async function runTests(root, tests, run = runCommand) {
  const report = join(root, 'mutant.json');
  rmSync(report, { force: true });
  let hangs = false;
  const limits = [`--testTimeout=${TEST_LIMIT}`];
  const passed = await run(
    process.execPath,
    ['node_modules/vitest/vitest.mjs', 'run', '--bail=1', ...limits, ...tests],
    {
      cwd: root,
      env: { SLUICE_TEST_REPORT: report, SLUICE_HOOK_TIMEOUT: `${TEST_LIMIT}` },
      write: () => {},
      patience: PATIENCE,
      watch: (patience, onHang) =>
        new Watchdog(patience, (running) => {
          hangs = true;
          onHang(running);
        }),
    },
  );
  return hangs ? 'noticed' : verdictOf(passed, report);
}

/**
 * @param {boolean} passed
 * @param {string} report path of vitest's JSON report
 * @returns {Verdict}
 */
function verdictOf(passed, report) {
  if (passed) return 'survived';
  try {
    return JSON.parse(readFileSync(report, 'utf8')).numFailedTests > 0 ? 'noticed' : 'broken';
  } catch {
    return 'broken'; // stopped before it could report
  }
}

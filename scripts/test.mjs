// `npm test`: builds, checks and tests everything. Each stage runs even if an earlier one failed,
// and the last line says `N passed, N failed`. Tests that failed get a second try at the end, alone
// on the machine; the summary names those that passed only then. Reports and the output of failed
// browser tests are in .test-output/.
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { countPlaywright, countStep, countVitest, NOTHING, sum, withExitCode } from './src/counts.mjs';
import { runCommand } from './src/run-command.mjs';
import { failedFiles, hasProspect, mergePlaywright, mergeVitest } from './src/second-try.mjs';
import { Stages } from './src/stages.mjs';

/** @typedef {import('./src/counts.mjs').Counts} Counts @typedef {import('./src/stages.mjs').Output} Output */

const UNIT = 'Unit and whole-server tests';
const BROWSER = 'Browser tests';

const root = fileURLToPath(new URL('..', import.meta.url));
const output = fileURLToPath(new URL('../.test-output/', import.meta.url));

/** @param {string} path */
const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));

/** @param {Output} out @param {string} command @param {string[]} args @param {Record<string, string>} [env] */
const run = ({ write, onProgress }, command, args, env = {}) =>
  runCommand(command, args, { cwd: root, env, write, onProgress });

/**
 * Counts the tests in a runner's report; a missing report is a failure.
 *
 * @param {string} file
 * @param {boolean} ok
 * @param {(report: any) => Counts} count
 */
function countReport(file, ok, count) {
  try {
    return withExitCode(count(readJson(`${output}${file}`)), ok);
  } catch {
    return countStep(false);
  }
}

/** Workspaces with type checks. @returns {string[]} */
function checked() {
  return readJson(`${root}package.json`).workspaces.filter(
    (/** @type {string} */ folder) => readJson(`${root}${folder}/package.json`).scripts?.check !== undefined,
  );
}

/** @param {Output} out */
const build = async (out) => countStep(await run(out, 'npm', ['run', 'build', '--silent']));

/** @param {Output} out */
async function checkTypes(out) {
  const counts = [];
  for (const folder of checked()) {
    const ok = await run(out, 'npm', ['run', 'check', '--silent', '-w', folder]);
    out.write(`${ok ? '✓' : '✗'} ${folder}\n`);
    counts.push(countStep(ok));
  }
  return sum(counts);
}

/** @param {Output} out */
const lint = async (out) => countStep(await run(out, 'npm', ['run', 'lint', '--silent']));

/**
 * Without them, the tests that need them fail or are skipped, which says more than a failed stage.
 *
 * @param {Output} out
 */
async function testServers(out) {
  await run(out, process.execPath, ['scripts/ensure-test-servers.mjs']);
  return NOTHING;
}

/** @param {Output} out */
const unit = async (out) => countReport('unit.json', await runVitest(out, 'unit.json'), countVitest);

/** @param {Output} out @param {string} report @param {string[]} [args] */
const runVitest = (out, report, args = []) =>
  run(out, process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...args], {
    SLUICE_TEST_REPORT: `${output}${report}`,
  });

/** @param {Output} out */
async function browser(out) {
  const { ensureChromium } = await import('./find-chromium.mjs');
  try {
    out.write(`Browser: ${ensureChromium()}\n\n`);
  } catch (error) {
    out.write(`${error instanceof Error ? error.message : error}\n`);
    return countStep(false);
  }
  return countReport('browser.json', await runPlaywright(out, 'browser.json'), countPlaywright);
}

/** @param {Output} out @param {string} report @param {string[]} [args] */
const runPlaywright = (out, report, args = []) =>
  run(out, 'npx', ['playwright', 'test', '--config', 'e2e/playwright.config.ts', '--reporter=list,json', ...args], {
    PLAYWRIGHT_JSON_OUTPUT_FILE: `${output}${report}`,
  });

/** The failed unit tests once more, one file after the other. @param {Output} out */
async function unitAgain(out) {
  const first = readJson(`${output}unit.json`);
  await runVitest(out, 'unit-again.json', ['--maxWorkers=1', ...failedFiles(first)]);
  return merged('unit-again.json', first, mergeVitest) ?? { counts: countVitest(first), late: [] };
}

/** The failed browser tests once more, one after the other. @param {Output} out */
async function browserAgain(out) {
  const first = readJson(`${output}browser.json`);
  await runPlaywright(out, 'browser-again.json', ['--last-failed', '--workers=1', '--trace=retain-on-failure']);
  return merged('browser-again.json', first, mergePlaywright) ?? { counts: countPlaywright(first), late: [] };
}

/**
 * @template T
 * @param {string} file of the second try
 * @param {T} first
 * @param {(first: T, second: any) => import('./src/second-try.mjs').Tries} merge
 * @returns {import('./src/second-try.mjs').Tries | undefined} nothing if the second try left no report
 */
function merged(file, first, merge) {
  try {
    return merge(first, readJson(`${output}${file}`));
  } catch {
    return undefined;
  }
}

/** @param {string} file @param {(report: any) => boolean} hasHope does a second try have a prospect? */
function deservesAnother(file, hasHope) {
  try {
    return hasHope(readJson(`${output}${file}`));
  } catch {
    return false; // the stage ended without a report, and has failed as a whole
  }
}

/** @param {Output} out */
async function skipBrowser({ write }) {
  write('Not run: they need what the build makes, and the build failed.\n');
  return NOTHING;
}

rmSync(output, { recursive: true, force: true });
mkdirSync(output, { recursive: true });

const stages = new Stages(process.stdout);
// In parallel: one computes while the other fetches.
const [built] = await Promise.all([stages.run('Build', build), stages.runBeside('Test servers', testServers)]);
// In parallel: one waits for processes, servers and timers while the other computes.
await Promise.all([
  stages.run(UNIT, unit),
  (async () => {
    await stages.runBeside('Types', checkTypes);
    await stages.runBeside('Lint', lint);
    await stages.runBeside(BROWSER, built ? browser : skipBrowser);
  })(),
]);
if (deservesAnother('unit.json', (report) => failedFiles(report).length > 0)) {
  await stages.runAgain(UNIT, unitAgain);
}
if (deservesAnother('browser.json', hasProspect)) await stages.runAgain(BROWSER, browserAgain);
process.exitCode = stages.summarize() ? 0 : 1;

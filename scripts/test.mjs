// `npm test`: builds, checks and tests everything. Each stage runs even if an earlier one failed,
// and the last line says `N passed, N failed`. Reports and the output of failed browser tests are
// in .test-output/.
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { countPlaywright, countStep, countVitest, NOTHING, sum, withExitCode } from './src/counts.mjs';
import { runCommand } from './src/run-command.mjs';
import { Stages } from './src/stages.mjs';

/** @typedef {import('./src/counts.mjs').Counts} Counts @typedef {import('./src/stages.mjs').Output} Output */

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
 * Finds or installs what a stage needs.
 *
 * @param {string} name
 * @param {() => string} ensure
 * @param {Output} out
 */
function has(name, ensure, out) {
  try {
    out.write(`${name}: ${ensure()}\n\n`);
    return true;
  } catch (error) {
    out.write(`${error instanceof Error ? error.message : error}\n`);
    return false;
  }
}

/** @param {Output} out */
async function unit(out) {
  const { ensureRedis } = await import('./find-redis.mjs');
  has('Redis', ensureRedis, out); // without it, its own tests fail with that reason
  const { ensureProgram, PROXIES } = await import('./find-program.mjs');
  for (const proxy of Object.values(PROXIES)) has(proxy.name, () => ensureProgram(proxy), out); // or they are skipped
  const ok = await run(out, process.execPath, ['node_modules/vitest/vitest.mjs', 'run'], {
    SLUICE_TEST_REPORT: `${output}unit.json`,
  });
  return countReport('unit.json', ok, countVitest);
}

/** @param {Output} out */
async function browser(out) {
  const { ensureChromium } = await import('./find-chromium.mjs');
  if (!has('Browser', ensureChromium, out)) return countStep(false);
  const args = ['playwright', 'test', '--config', 'e2e/playwright.config.ts', '--reporter=list,json'];
  const ok = await run(out, 'npx', args, { PLAYWRIGHT_JSON_OUTPUT_FILE: `${output}browser.json` });
  return countReport('browser.json', ok, countPlaywright);
}

/** @param {Output} out */
async function skipBrowser({ write }) {
  write('Not run: they need what the build makes, and the build failed.\n');
  return NOTHING;
}

rmSync(output, { recursive: true, force: true });
mkdirSync(output, { recursive: true });

const stages = new Stages(process.stdout);
const built = await stages.run('Build', build);
// In parallel: one waits for processes, servers and timers while the other computes.
await Promise.all([
  stages.run('Unit and whole-server tests', unit),
  (async () => {
    await stages.runBeside('Types', checkTypes);
    await stages.runBeside('Lint', lint);
    await stages.runBeside('Browser tests', built ? browser : skipBrowser);
  })(),
]);
process.exitCode = stages.summarize() ? 0 : 1;

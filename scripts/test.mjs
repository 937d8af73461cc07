// `npm test`: builds, checks and tests everything. Each step runs even when one before it failed, and the last line says
// `N passed, N failed`. Reports and what failed browser tests leave behind are in .test-output/.
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { countPlaywright, countStep, countVitest, judge, NOTHING, sum, summary } from './src/counts.mjs';
import { runCommand } from './src/run-command.mjs';

/** @typedef {import('./src/counts.mjs').Counts} Counts */

const root = fileURLToPath(new URL('..', import.meta.url));
const output = fileURLToPath(new URL('../.test-output/', import.meta.url));

/** @param {string} path */
const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));

/** @param {string} command @param {string[]} args @param {{ minutes?: number, env?: Record<string, string> }} [options] */
const run = (command, args, options) => runCommand(command, args, { cwd: root, ...options });

/** @type {{ name: string, counts: Counts, seconds: number }[]} */
const done = [];

/**
 * Runs one step under its heading, and keeps what it counted.
 *
 * @param {string} name
 * @param {() => Promise<Counts>} work
 */
async function step(name, work) {
  console.log(`\n━━━ ${name} ${'━'.repeat(Math.max(3, 70 - name.length))}\n`);
  const start = performance.now();
  const counts = await work();
  const seconds = (performance.now() - start) / 1000;
  done.push({ name, counts, seconds });
  console.log(`\n${counts.failed === 0 ? '✓' : '✗'} ${name}: ${summary(counts)} (${seconds.toFixed(1)} s)`);
  return counts.failed === 0;
}

/**
 * Counts what a test runner wrote into its report; a report that is missing is a failure.
 *
 * @param {string} file
 * @param {boolean} ok
 * @param {(report: any) => Counts} count
 */
function countReport(file, ok, count) {
  try {
    return judge(count(readJson(`${output}${file}`)), ok);
  } catch {
    return countStep(false);
  }
}

/** Workspaces that have something to check. @returns {string[]} */
function checked() {
  return readJson(`${root}package.json`).workspaces.filter(
    (/** @type {string} */ folder) => readJson(`${root}${folder}/package.json`).scripts?.check !== undefined,
  );
}

async function checkTypes() {
  const counts = [];
  for (const folder of checked()) {
    const ok = await run('npm', ['run', 'check', '--silent', '-w', folder]);
    console.log(`${ok ? '✓' : '✗'} ${folder}`);
    counts.push(countStep(ok));
  }
  return sum(counts);
}

/** Finds or installs Redis here, so that a slow download is not taken from the tests' time. */
async function hasRedis() {
  try {
    const { ensureRedis } = await import('./find-redis.mjs');
    console.log(`Redis: ${ensureRedis()}\n`);
    return true;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return false;
  }
}

async function unit() {
  await hasRedis(); // without it its own tests fail, and say so
  const report = `${output}unit.json`;
  const args = ['vitest', 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const ok = await run('npx', args, { minutes: 6 });
  return countReport('unit.json', ok, countVitest);
}

/** Finds or installs the browser here, so that a slow download is not taken from the tests' time. */
async function hasBrowser() {
  try {
    const { ensureChromium } = await import('./find-chromium.mjs');
    console.log(`Browser: ${ensureChromium()}\n`);
    return true;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return false;
  }
}

async function browser() {
  if (!(await hasBrowser())) return countStep(false);
  const env = { PLAYWRIGHT_JSON_OUTPUT_FILE: `${output}browser.json` };
  const args = ['playwright', 'test', '--config', 'e2e/playwright.config.ts', '--reporter=list,json'];
  const ok = await run('npx', args, { minutes: 7, env });
  return countReport('browser.json', ok, countPlaywright);
}

async function skipBrowser() {
  console.log('Not run: they need what the build makes, and the build failed.');
  return NOTHING;
}

rmSync(output, { recursive: true, force: true });
mkdirSync(output, { recursive: true });

const built = await step('Build', async () => countStep(await run('npm', ['run', 'build', '--silent'])));
await step('Types', checkTypes);
await step('Lint', async () => countStep(await run('npm', ['run', 'lint', '--silent'])));
await step('Unit and whole-server tests', unit);
await step('Browser tests', built ? browser : skipBrowser);

console.log(`\n━━━ Summary ${'━'.repeat(63)}\n`);
for (const { name, counts, seconds } of done) {
  console.log(
    `${counts.failed === 0 ? '✓' : '✗'} ${name.padEnd(30)} ${summary(counts).padEnd(34)} ${seconds.toFixed(1)} s`,
  );
}
const total = sum(done.map(({ counts }) => counts));
process.exitCode = total.failed > 0 ? 1 : 0;
console.log(`\n${summary(total)}`);

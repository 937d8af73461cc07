/** Is what is built made of the sources as they are? Tests that run built programs must not test those of yesterday. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** What each workspace is built into: a file that every build writes. @type {Readonly<Record<string, string>>} */
const OUTPUT = {
  protocol: 'dist/index.js',
  'client-sdk': 'dist/index.js',
  server: 'dist/index.js',
  cli: 'dist/main.js',
  playwright: 'dist/index.js',
  'demo-app': 'dist/index.html',
};

/** What a build reads besides `src`. */
const SETTINGS = [
  'package.json',
  'build.mjs',
  'tsconfig.build.json',
  'vite.config.ts',
  'svelte.config.js',
  'index.html',
];

/**
 * Finds a source that was changed after the build.
 *
 * @param {string} workspace
 * @param {string} [root]
 * @returns {string | undefined} its path, or that of what is not built at all; `undefined` where all is fresh
 */
export function findStale(workspace, root = ROOT) {
  const output = OUTPUT[workspace];
  if (output === undefined) throw new Error(`nobody knows what ${workspace} is built into`);
  const folder = join(root, workspace);
  const built = join(folder, output);
  if (!existsSync(built)) return built;
  const { mtimeMs } = statSync(built);
  const sources = readdirSync(join(folder, 'src'), { recursive: true, encoding: 'utf8' });
  const files = [...sources.filter((file) => !file.endsWith('.test.ts')).map((file) => join('src', file)), ...SETTINGS];
  const changed = files.find((file) => {
    const found = statSync(join(folder, file), { throwIfNoEntry: false });
    return found?.isFile() === true && found.mtimeMs > mtimeMs;
  });
  return changed === undefined ? undefined : join(folder, changed);
}

/**
 * @param {readonly string[]} workspaces whose built files a test runs
 * @param {string} [root]
 * @throws {Error} where one of them is older than its sources
 */
export function expectFresh(workspaces, root = ROOT) {
  for (const workspace of workspaces) {
    const stale = findStale(workspace, root);
    if (stale === undefined) continue;
    throw new Error(`what is built of ${workspace} is older than ${stale}, or is missing: run "npm run build"`);
  }
}

/** Checks that builds are up to date: tests that run built programs must not test old builds. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** A file that every build of the workspace writes. @type {Readonly<Record<string, string>>} */
const OUTPUT = {
  protocol: 'dist/index.js',
  'client-sdk': 'dist/index.js',
  server: 'dist/index.js',
  bridges: 'dist/index.js',
  cli: 'dist/main.js',
  playwright: 'dist/index.js',
  backend: 'dist/index.js',
  console: '../server/dist/console/index.html',
  'demo-app': 'dist/index.html',
};

/** What a build reads in addition to `src`. */
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
 * @returns {string | undefined} its path, or the path of a missing build; `undefined` if the build
 *   is up to date
 */
export function findStale(workspace, root = ROOT) {
  const output = OUTPUT[workspace];
  if (output === undefined) throw new Error(`no build output is configured for ${workspace}`);
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
 * @param {readonly string[]} workspaces whose builds a test runs
 * @param {string} [root]
 * @throws {Error} if a build is older than its sources
 */
export function expectFresh(workspaces, root = ROOT) {
  for (const workspace of workspaces) {
    const stale = findStale(workspace, root);
    if (stale === undefined) continue;
    throw new Error(`the build of ${workspace} is older than ${stale}, or is missing: run "npm run build"`);
  }
}

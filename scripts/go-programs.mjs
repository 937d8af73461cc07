/** Programs in Go that tests run: built once, into a folder that git ignores. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findProgram, install } from './find-program.mjs';

/**
 * @typedef {object} GoProgram
 * @property {string} name
 * @property {string} variable names an executable to use instead
 * @property {string} folder of its sources, from the root of the repository
 */

/** Google's fake of Pub/Sub. Its version is the latest that the Go of Debian 12 builds. @type {GoProgram} */
export const PSTEST = { name: 'pstest', variable: 'SLUICE_PSTEST', folder: 'bridges/test/support/pstest' };

const GO = { name: 'go', package: 'golang-go', variable: 'SLUICE_GO', version: 'version' };

/** Milliseconds for which a build may take, with the download of what it needs. */
const BUILD = 600_000;

const root = fileURLToPath(new URL('..', import.meta.url));

/** Survives runs of the tests. */
const cache = () => process.env.SLUICE_TEST_CACHE ?? join(root, '.test-cache');

/** Other sources have another name. @param {GoProgram} program */
function pathOf({ name, folder }) {
  const hash = createHash('sha256');
  for (const file of ['go.mod', 'go.sum', 'main.go']) hash.update(readFileSync(join(root, folder, file)));
  return join(cache(), `${name}-${hash.digest('hex').slice(0, 12)}`);
}

/** Advice if a program is missing. @param {GoProgram} program */
export const howToBuild = ({ name, variable, folder }) => `${name} was not built. Do one of these:
  apt-get install ${GO.package}      (npm test then builds ${folder})
  ${variable}=/path/to/${name} npm test`;

/**
 * Looks for a program: the variable, then the cache.
 *
 * @param {GoProgram} program
 * @returns {string | undefined} the path of an executable
 * @throws {Error} if the variable names a missing file
 */
export function findGoProgram(program) {
  const { [program.variable]: wished = '' } = process.env;
  if (wished !== '' && !existsSync(wished))
    throw new Error(`${program.variable} names ${wished}, which does not exist`);
  const path = wished === '' ? pathOf(program) : wished;
  return existsSync(path) ? path : undefined;
}

/**
 * A program for the tests. If it is missing, it is built; Go is installed for it, as root from the
 * distribution.
 *
 * @param {GoProgram} program
 * @returns {string} the path of an executable
 * @throws {Error} with advice, if it is missing and could not be built
 */
export function ensureGoProgram(program) {
  if (findGoProgram(program) === undefined) {
    if (findProgram(GO) === undefined) install(program.name, [GO.package]);
    build(program);
  }
  const path = findGoProgram(program);
  if (path === undefined) throw new Error(howToBuild(program));
  return path;
}

/** Builds under another name first: an interrupted build leaves nothing to use. @param {GoProgram} program */
function build(program) {
  const go = findProgram(GO);
  if (go === undefined) return;
  const target = pathOf(program);
  const unfinished = `${target}.${process.pid}`;
  mkdirSync(cache(), { recursive: true });
  console.error(`[go] building ${program.folder}`);
  const { status } = spawnSync(go, ['build', '-o', unfinished, '.'], {
    ...{ cwd: join(root, program.folder), stdio: ['ignore', 2, 2], timeout: BUILD },
    env: { ...process.env, GOFLAGS: '-buildvcs=false' },
  });
  if (status === 0) renameSync(unfinished, target);
}

/** Programs in Python that tests run: fetched from PyPI once, into a folder that git ignores. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findProgram, install } from './find-program.mjs';

/**
 * @typedef {object} PythonProgram
 * @property {string} name
 * @property {string} variable names a folder of packages to use instead
 * @property {readonly string[]} packages with their versions
 */

/** A fake of SNS and SQS. @type {PythonProgram} */
export const MOTO = {
  ...{ name: 'moto', variable: 'SLUICE_MOTO' },
  packages: ['moto==5.2.5', 'flask==3.1.3', 'flask-cors==6.0.5'],
};

const PYTHON = { name: 'python3', variable: 'SLUICE_PYTHON', version: '--version' };

/** Milliseconds for which a fetch may take. */
const FETCH = 600_000;

/** Survives runs of the tests. */
const cache = () => process.env.SLUICE_TEST_CACHE ?? fileURLToPath(new URL('../.test-cache', import.meta.url));

/** Other versions have another folder. @param {PythonProgram} program */
const folderOf = ({ name, packages }) =>
  join(cache(), `${name}-${createHash('sha256').update(packages.join()).digest('hex').slice(0, 12)}`);

/** The Python to run programs with; `undefined`: there is none. */
export const findPython = () => findProgram(PYTHON);

/** Advice if a program is missing. @param {PythonProgram} program */
export const howToFetch = ({ name, variable, packages }) => `${name} was not found. Do one of these:
  apt-get install python3-pip      (npm test then fetches ${packages.join(', ')})
  ${variable}=/path/to/folder/of/packages npm test`;

/**
 * Looks for the packages of a program: the variable, then the cache.
 *
 * @param {PythonProgram} program
 * @returns {string | undefined} a folder for `PYTHONPATH`; nothing if it or Python is missing
 * @throws {Error} if the variable names a missing folder
 */
export function findPythonProgram(program) {
  const { [program.variable]: wished = '' } = process.env;
  if (wished !== '' && !existsSync(wished))
    throw new Error(`${program.variable} names ${wished}, which does not exist`);
  const folder = wished === '' ? folderOf(program) : wished;
  return existsSync(folder) && findPython() !== undefined ? folder : undefined;
}

/**
 * A program for the tests. What is missing is installed, as root from the distribution, and fetched.
 *
 * @param {PythonProgram} program
 * @returns {string} a folder for `PYTHONPATH`
 * @throws {Error} with advice, if something is missing and could not be had
 */
export function ensurePythonProgram(program) {
  if (findPythonProgram(program) === undefined) {
    if (!hasPip()) install(program.name, ['python3-pip']);
    fetchPackages(program);
  }
  const folder = findPythonProgram(program);
  if (folder === undefined) throw new Error(howToFetch(program));
  return folder;
}

/** @param {readonly string[]} args */
const pip = (args) =>
  spawnSync(findPython() ?? 'python3', ['-m', 'pip', ...args], { stdio: ['ignore', 2, 2], timeout: FETCH });

const hasPip = () => pip(['--version']).status === 0;

/** Under another name first: an interrupted fetch leaves nothing to use. @param {PythonProgram} program */
function fetchPackages(program) {
  if (!hasPip()) return;
  mkdirSync(cache(), { recursive: true });
  const work = mkdtempSync(join(cache(), '.fetch-'));
  console.error(`[pip] fetching ${program.name} into ${work}`);
  try {
    const { status } = pip([
      'install',
      '--quiet',
      '--disable-pip-version-check',
      '--target',
      work,
      ...program.packages,
    ]);
    if (status === 0) renameSync(work, folderOf(program));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Finds programs that tests run together with the gateway, and installs missing ones. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * @typedef {object} Program
 * @property {string} name of the executable
 * @property {string} [package] that contains it. Default: its name
 * @property {string} variable names a path to use instead
 * @property {string} [version] flag that prints the version and ends; absent: there is none, and the
 *   file is enough
 * @property {readonly [root: string, folder: string]} [versions] where packages put it if several
 *   versions may be installed: `<root>/<version>/<folder>`
 */

/** @type {Readonly<Record<'nginx' | 'haproxy', Program>>} */
export const PROXIES = {
  nginx: { name: 'nginx', variable: 'SLUICE_NGINX', version: '-v' },
  haproxy: { name: 'haproxy', variable: 'SLUICE_HAPROXY', version: '-v' },
};

/**
 * Message brokers and databases that the tests of the bridges start.
 *
 * @type {Readonly<Record<'nats' | 'rabbitmq' | 'postgres', Program>>}
 */
export const BROKERS = {
  nats: { name: 'nats-server', variable: 'SLUICE_NATS_SERVER', version: '--version' },
  rabbitmq: { name: 'rabbitmq-server', variable: 'SLUICE_RABBITMQ_SERVER' },
  postgres: {
    ...{ name: 'postgres', package: 'postgresql', variable: 'SLUICE_POSTGRES', version: '--version' },
    versions: ['/usr/lib/postgresql', 'bin'],
  },
};

/** Advice if a program is missing. @param {Program} program */
export const howToGet = ({ name, package: of = name, variable }) => `${name} was not found. Do one of these:
  apt-get install ${of}      (or brew install ${of}, dnf install ${of})
  ${variable}=/path/to/${name} npm test`;

const isRoot = () => process.getuid?.() === 0;

/** @param {string} name @param {string[]} args */
function apt(name, args) {
  console.error(`[${name}] running: apt-get ${args.join(' ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  // Another step of the tests may be installing packages. The output goes to standard error.
  const options = ['-o', 'DPkg::Lock::Timeout=300', ...args];
  return spawnSync('apt-get', options, { stdio: ['ignore', 2, 2], env }).status === 0;
}

/**
 * Looks for a program: the variable, then the path and system folders.
 *
 * @param {Program} program
 * @returns {string | undefined} the path of an executable, or nothing if none can be started
 * @throws {Error} if the variable names a missing file
 */
export function findProgram({ name, variable, version, versions }) {
  const { [variable]: wished = '', PATH = '' } = process.env;
  if (wished !== '') {
    if (!existsSync(wished)) throw new Error(`${variable} names ${wished}, which does not exist`);
    return wished;
  }
  const onPath = PATH.split(delimiter).filter((folder) => folder !== '');
  const folders = [...onPath, '/usr/sbin', '/usr/local/sbin', ...foldersOf(versions)];
  const starts = (/** @type {string} */ path) =>
    version === undefined || spawnSync(path, [version], { stdio: 'ignore', timeout: 20_000 }).status === 0;
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path) && starts(path));
}

/** The latest version first. @param {Program['versions']} versions @returns {string[]} */
function foldersOf(versions) {
  if (versions === undefined || !existsSync(versions[0])) return [];
  const [root, folder] = versions;
  const found = readdirSync(root).sort((a, b) => Number(b) - Number(a));
  return found.map((version) => join(root, version, folder));
}

/**
 * Installs packages of the distribution, as root.
 *
 * @param {string} name of what needs them, for the output
 * @param {readonly string[]} packages
 */
export function install(name, packages) {
  if (!isRoot() || !existsSync('/usr/bin/apt-get')) return;
  apt(name, ['update']) && apt(name, ['install', '-y', '--no-install-recommends', ...packages]);
}

/**
 * A program for the tests. If it is missing, it is installed, as root from the distribution.
 *
 * @param {Program} program
 * @returns {string} the path of an executable
 * @throws {Error} with advice, if it is missing and could not be installed
 */
export function ensureProgram(program) {
  const { name, package: of = name } = program;
  if (findProgram(program) === undefined) install(name, [of]);
  const path = findProgram(program);
  if (path === undefined) throw new Error(howToGet(program));
  return path;
}

/** Finds programs that tests run together with the gateway, and installs missing ones. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * @typedef {object} Program
 * @property {string} name of the executable, and of its package
 * @property {string} variable names a path to use instead
 * @property {string} [version] flag that prints the version and ends; absent: there is none, and the
 *   file is enough
 */

/** @type {Readonly<Record<'nginx' | 'haproxy', Program>>} */
export const PROXIES = {
  nginx: { name: 'nginx', variable: 'SLUICE_NGINX', version: '-v' },
  haproxy: { name: 'haproxy', variable: 'SLUICE_HAPROXY', version: '-v' },
};

/** Message brokers that the tests of the bridges start. @type {Readonly<Record<'nats' | 'rabbitmq', Program>>} */
export const BROKERS = {
  nats: { name: 'nats-server', variable: 'SLUICE_NATS_SERVER', version: '--version' },
  rabbitmq: { name: 'rabbitmq-server', variable: 'SLUICE_RABBITMQ_SERVER' },
};

/** Advice if a program is missing. @param {Program} program */
export const howToGet = ({ name, variable }) => `${name} was not found. Do one of these:
  apt-get install ${name}      (or brew install ${name}, dnf install ${name})
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
export function findProgram({ name, variable, version }) {
  const { [variable]: wished = '', PATH = '' } = process.env;
  if (wished !== '') {
    if (!existsSync(wished)) throw new Error(`${variable} names ${wished}, which does not exist`);
    return wished;
  }
  const folders = [...PATH.split(delimiter).filter((folder) => folder !== ''), '/usr/sbin', '/usr/local/sbin'];
  const starts = (/** @type {string} */ path) =>
    version === undefined || spawnSync(path, [version], { stdio: 'ignore', timeout: 20_000 }).status === 0;
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path) && starts(path));
}

/**
 * A program for the tests. If it is missing, it is installed, as root from the distribution.
 *
 * @param {Program} program
 * @returns {string} the path of an executable
 * @throws {Error} with advice, if it is missing and could not be installed
 */
export function ensureProgram(program) {
  const { name } = program;
  if (findProgram(program) === undefined && isRoot() && existsSync('/usr/bin/apt-get')) {
    apt(name, ['update']) && apt(name, ['install', '-y', '--no-install-recommends', name]);
  }
  const path = findProgram(program);
  if (path === undefined) throw new Error(howToGet(program));
  return path;
}

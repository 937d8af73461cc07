/** Finds the Redis server of the tests, and installs one if there is none. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const NAMES = ['redis-server', 'valkey-server'];

const HELP = `No Redis server was found, and none could be installed. Do one of these:
  apt-get install redis-server      (or brew install redis, dnf install valkey)
  SLUICE_REDIS_SERVER=/path/to/redis-server npm test`;

const isRoot = () => process.getuid?.() === 0;

/** @param {string} command @param {string[]} args */
function run(command, args) {
  console.error(`[redis] running: ${command} ${args.join(' ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  // Its output goes to standard error: standard output belongs to the reports of the tests.
  return spawnSync(command, args, { stdio: ['ignore', 2, 2], env }).status === 0;
}

/** @param {string} path */
function starts(path) {
  return spawnSync(path, ['--version'], { stdio: 'ignore', timeout: 20_000 }).status === 0;
}

/**
 * Looks for a server: `SLUICE_REDIS_SERVER`, then the path.
 *
 * @returns {string | undefined} the path of an executable, or nothing if none can be started
 * @throws {Error} if `SLUICE_REDIS_SERVER` names a missing file
 */
export function findRedis() {
  const { SLUICE_REDIS_SERVER: wished = '', PATH = '' } = process.env;
  if (wished !== '') {
    if (!existsSync(wished)) throw new Error(`SLUICE_REDIS_SERVER names ${wished}, which does not exist`);
    return wished;
  }
  const folders = [...PATH.split(delimiter).filter((folder) => folder !== ''), '/usr/bin', '/usr/local/bin'];
  const candidates = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  return candidates.find((path) => existsSync(path) && starts(path));
}

function installRedis() {
  console.error('[redis] no server found; trying to install one');
  if (!isRoot()) return;
  run('apt-get', ['update']) && run('apt-get', ['install', '-y', '--no-install-recommends', 'redis-server']);
}

/**
 * The Redis server for the tests. If there is none, it is installed, as root from the distribution.
 * Later calls find it at once, also in child processes.
 *
 * @returns {string} the path of an executable
 * @throws {Error} with advice, if there is none and none could be installed
 */
export function ensureRedis() {
  if (findRedis() === undefined) installRedis();
  const path = findRedis();
  if (path === undefined) throw new Error(HELP);
  process.env.SLUICE_REDIS_SERVER = path;
  return path;
}

/** Finds the browser of the end-to-end tests, and installs one if there is none. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium } from '@playwright/test';

const SYSTEM_NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const MAC_APPS = ['Google Chrome.app/Contents/MacOS/Google Chrome', 'Chromium.app/Contents/MacOS/Chromium'];

const HELP = `No Chromium was found, and none could be installed. Do one of these:
  npx playwright install --with-deps chromium
  apt-get install chromium
  SLUICE_CHROMIUM=/path/to/chrome npm test`;

const isRoot = () => process.getuid?.() === 0;

/** @param {string} line */
const say = (line) => console.error(`[chromium] ${line}`);

/** @param {string} command @param {string[]} args */
function run(command, args) {
  say(`running: ${command} ${args.join(' ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  // Its output goes to standard error: standard output belongs to the reports of the tests.
  return spawnSync(command, args, { stdio: ['ignore', 2, 2], env }).status === 0;
}

/** A browser may be there and lack the libraries it needs. @param {string} path */
function starts(path) {
  return spawnSync(path, ['--version'], { stdio: 'ignore', timeout: 20_000 }).status === 0;
}

function systemBrowser() {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  const candidates = SYSTEM_NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  return [...candidates, ...MAC_APPS.map((app) => join('/Applications', app))].find(
    (path) => existsSync(path) && starts(path),
  );
}

/**
 * Looks for a browser: `SLUICE_CHROMIUM`, then Playwright's own, then the system's.
 *
 * @returns {string | undefined} the path of an executable, or nothing if none can be started
 * @throws {Error} if `SLUICE_CHROMIUM` names a missing file
 */
export function findChromium() {
  const { SLUICE_CHROMIUM: wished = '' } = process.env;
  if (wished !== '') {
    if (!existsSync(wished)) throw new Error(`SLUICE_CHROMIUM names ${wished}, which does not exist`);
    return wished;
  }
  const own = chromium.executablePath();
  return existsSync(own) && starts(own) ? own : systemBrowser();
}

function installChromium() {
  say('no browser found; trying to install one');
  run('npx', ['playwright', 'install', 'chromium']);
  const own = chromium.executablePath();
  if (isRoot() && existsSync(own) && !starts(own)) run('npx', ['playwright', 'install-deps', 'chromium']);
  if (findChromium() !== undefined || !isRoot()) return;
  run('apt-get', ['update']) && run('apt-get', ['install', '-y', '--no-install-recommends', 'chromium']);
}

/**
 * The browser for the tests. If there is none, it is installed: Playwright's, or as root the
 * distribution's. Later calls find it at once, also in child processes.
 *
 * @returns {string} the path of an executable
 * @throws {Error} with advice, if there is none and none could be installed
 */
export function ensureChromium() {
  if (findChromium() === undefined) installChromium();
  const path = findChromium();
  if (path === undefined) throw new Error(HELP);
  process.env.SLUICE_CHROMIUM = path;
  return path;
}

/**
 * The browser's flags: quiet, and for root without the sandbox, which Chromium refuses to start with.
 *
 * @returns {string[]}
 */
export function chromiumArgs() {
  const args = ['--disable-background-networking', '--disable-component-update', '--no-first-run'];
  return isRoot() ? ['--no-sandbox', '--disable-gpu', ...args] : args;
}

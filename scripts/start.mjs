/**
 * `npm start`: builds outdated packages, and starts the gateway with the demo. With `--bridges`, a
 * broker of this machine feeds the demo's departure board.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { hasBroker, NO_BROKER, startBoard } from './src/demo-board.mjs';

const ROOT = join(import.meta.dirname, '..');

/**
 * The packages in the order of their dependencies: the folders and files that the build of each reads, and where it
 * writes, `dist` by default.
 *
 * @type {{ name: string, reads: string[], writes?: string }[]}
 */
const PACKAGES = [
  { name: 'protocol', reads: ['src', 'package.json', 'tsconfig.json', 'tsconfig.build.json'] },
  {
    name: 'client-sdk',
    reads: ['src', 'package.json', 'tsconfig.json', 'build.mjs', 'entries.mjs', '../protocol/dist'],
  },
  {
    name: 'server',
    reads: ['src', 'package.json', 'tsconfig.json', 'tsconfig.build.json', '../protocol/dist'],
  },
  {
    name: 'bridges',
    reads: ['src', 'package.json', 'tsconfig.json', 'tsconfig.build.json', '../protocol/dist', '../server/dist'],
  },
  {
    name: 'cli',
    reads: ['src', 'package.json', 'tsconfig.json', 'tsconfig.build.json', '../server/dist', '../client-sdk/dist'],
  },
  {
    name: 'console',
    reads: ['src', 'public', 'index.html', 'package.json', 'vite.config.ts', '../demo-app/src/styles'],
    writes: '../server/dist/console',
  },
  {
    name: 'demo-app',
    reads: ['src', 'public', 'index.html', 'package.json', 'vite.config.ts', '../client-sdk/dist', '../docs'],
  },
];

/** @param {string} line */
const say = (line) => console.error(line);

/** A build within the output of another one, which is not part of that. */
const NESTED = join(ROOT, 'server/dist/console');

/** Times of the files below a path, in milliseconds. @param {string} path @returns {number[]} */
function timesOf(path) {
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return [statSync(path).mtimeMs];
  return readdirSync(path, { withFileTypes: true })
    .map(({ name }) => join(path, name))
    .filter((inner) => inner !== NESTED)
    .flatMap(timesOf);
}

/** Is the build newer than all its sources? @param {{ name: string, reads: string[], writes?: string }} package_ */
function isFresh({ name, reads, writes = 'dist' }) {
  const built = timesOf(join(ROOT, name, writes));
  const sources = reads.flatMap((path) => timesOf(join(ROOT, name, path)));
  return built.length > 0 && Math.max(...built) >= Math.max(...sources);
}

/** @param {number} port @param {string} host @returns {Promise<string | null>} why it cannot be used */
function troubleWith(port, host) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error) => resolve(/** @type {NodeJS.ErrnoException} */ (error).code ?? error.message));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(null)));
  });
}

/** The process that holds the port, if the built gateway can find it. @param {number} port */
async function ownerOf(port) {
  const module = join(ROOT, 'server/dist/util/port-owner.js');
  if (!existsSync(module)) return 'the port is in use or not permitted';
  return (await import(module)).describePortOwner(port);
}

async function start() {
  const { SLUICE_PORT, PORT, SLUICE_HOST } = process.env;
  const port = Number(SLUICE_PORT || PORT || 8080);
  const trouble = await troubleWith(port, SLUICE_HOST || '127.0.0.1');
  if (trouble !== null) {
    say(`Cannot start on port ${port} (${trouble}): ${await ownerOf(port)}, or use another one: PORT=3000 npm start`);
    process.exit(1);
  }
  const options = process.argv.slice(2);
  const hasBridges = options.includes('--bridges');
  if (hasBridges && !hasBroker()) {
    say(NO_BROKER);
    process.exit(1);
  }
  for (const package_ of PACKAGES) {
    if (isFresh(package_) || (package_.name === 'bridges' && !hasBridges)) continue;
    say(`Building ${package_.name} … (skipped while unchanged)`);
    const { status } = spawnSync('npm', ['run', 'build', '--silent', '-w', package_.name], {
      cwd: ROOT,
      stdio: ['ignore', 2, 2],
      shell: process.platform === 'win32',
    });
    if (status !== 0) process.exit(status ?? 1);
  }
  const board = hasBridges ? await startBoard() : undefined;
  if (board !== undefined) say(`${board.title} feeds the departure board: http://localhost:${port}/?page=departures`);
  say('Starting the gateway with the demo … (Ctrl+C stops it)');
  const args = [
    join(ROOT, 'cli/bin/sluice.js'),
    'serve',
    '--dev',
    '--config',
    board?.config ?? 'demo-app/sluice.yaml',
    ...options.filter((option) => option !== '--bridges'),
  ];
  const gateway = spawn(process.execPath, args, { cwd: ROOT, stdio: 'inherit' });
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.on(signal, () => gateway.kill(signal));
  // SIGTERM ends npm, which does not pass it on.
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) gateway.kill('SIGTERM');
  }, 250).unref();
  gateway.once('exit', async (code) => {
    await board?.stop();
    process.exit(code ?? 1);
  });
}

await start();

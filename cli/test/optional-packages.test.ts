/** `@sluice/server` and `@sluice/cli` in a folder without the optional packages. */

import { execFile } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectFresh } from '../../scripts/src/fresh-build.mjs';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '../..');
const OPTIONAL = ['ioredis', 'lmdb', 'pino-pretty'];
const SECRET = '0123456789abcdef0123456789abcdef';

let folder = '';

const dependenciesOf = (workspace: string): string[] =>
  Object.keys(
    (JSON.parse(readFileSync(join(ROOT, workspace, 'package.json'), 'utf8')) as { dependencies: object }).dependencies,
  );

/** Links a package of this repository; a nested version takes precedence over the one at the root. */
function link(name: string, workspace: string): void {
  const target = join(folder, 'node_modules', name);
  mkdirSync(dirname(target), { recursive: true });
  for (const from of [join(ROOT, workspace), ROOT]) {
    try {
      symlinkSync(realpathSync(join(from, 'node_modules', name)), target);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return;
    }
  }
  throw new Error(`${name} is not installed`);
}

/** Copies a built package, so that its imports are resolved in the folder. */
function copy(workspace: string, name: string): void {
  for (const part of ['dist', 'bin', 'package.json'])
    cpSync(join(ROOT, workspace, part), join(folder, 'node_modules', name, part), { recursive: true, force: true });
}

beforeAll(() => {
  expectFresh(['protocol', 'client-sdk', 'server', 'cli']);
  folder = mkdtempSync(join(tmpdir(), 'sluice-optional-'));
  cpSync(join(ROOT, 'server/dist'), join(folder, 'node_modules/@sluice/server/dist'), { recursive: true });
  cpSync(join(ROOT, 'server/package.json'), join(folder, 'node_modules/@sluice/server/package.json'));
  copy('cli', '@sluice/cli');
  for (const name of dependenciesOf('server')) link(name, 'server');
  for (const name of dependenciesOf('cli')) if (!OPTIONAL.includes(name)) link(name, 'cli');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a module in the folder; rejects with the error that it prints. */
async function embedded(code: string): Promise<string> {
  writeFileSync(join(folder, 'program.mjs'), code);
  const { stdout } = await run(process.execPath, ['program.mjs'], { cwd: folder });
  return stdout.trim();
}

const gatewayWith = (options: string) => `
import { createGateway } from '@sluice/server';
try {
  const gateway = createGateway({ host: '127.0.0.1', port: 0, keys: [{ secret: '${SECRET}' }], ${options} });
  await gateway.start();
  console.log('started');
  await gateway.close();
} catch (error) {
  console.log(error.message);
}`;

const NO_IOREDIS = 'The redis engine needs the package "ioredis". Run: npm install ioredis';
const NO_LMDB = 'The durable engine needs the package "lmdb". Run: npm install lmdb';

describe('a gateway inside a program', () => {
  it('starts without any optional package', async () => {
    expect(await embedded(gatewayWith("log: { level: 'silent' }"))).toBe('started');
  });

  it.each([
    ['redis', "engine: 'redis', redis: { url: 'redis://127.0.0.1:1' }", NO_IOREDIS],
    ['durable', "engine: 'durable', durable: { data: './data' }, log: { level: 'silent' }", NO_LMDB],
  ])('reports the package that the %s engine needs', async (_, options, message) => {
    expect(await embedded(gatewayWith(options))).toBe(message);
  });

  it('logs JSON without pino-pretty, and reports how to install it', async () => {
    const [first = '', ...others] = (await embedded(gatewayWith("log: { format: 'pretty' }"))).split('\n');
    expect(JSON.parse(first)).toMatchObject({
      level: 40,
      msg: 'log.format: "pretty" needs the package "pino-pretty". Run: npm install pino-pretty. Until then the log is written as JSON',
    });
    expect(others).toContain('started');
  });
});

describe('the sluice command', () => {
  it.each([
    [['--engine', 'redis', '--redis', 'redis://127.0.0.1:1'], NO_IOREDIS],
    [['--engine', 'durable', '--data', './data'], NO_LMDB],
  ])('reports the missing package: sluice serve %j', async (flags, message) => {
    const command = join(folder, 'node_modules/@sluice/cli/bin/sluice.js');
    const failed = run(process.execPath, [command, 'serve', ...flags, '--port', '0', '--log-level', 'silent'], {
      cwd: folder,
      env: { PATH: process.env.PATH, SLUICE_SECRET: SECRET },
    });
    await expect(failed).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining(`sluice: ${message}`) });
  });
});

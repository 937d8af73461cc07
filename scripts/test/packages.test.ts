import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { expectFresh } from '../src/fresh-build.mjs';

// The packages as installed: packed, in a folder outside of this repository.

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));

const TYPED = `
import { type Channel, createClient, type Message, SluiceError } from '@sluice/client';
import { msgpack } from '@sluice/client/msgpack';
import { createTestClient } from '@sluice/client/testing';
import { Backend, mintToken as mintFor } from '@sluice/backend';
import { expect, test } from '@sluice/playwright';
import { type ConfigInput, createGateway, mintToken } from '@sluice/server';
import { startTestGateway } from '@sluice/server/testing';

interface Note { readonly text: string }
const config: ConfigInput = { port: 0, keys: [{ secret: 'x'.repeat(32) }], channels: { 'note:{id}': { history: true } } };
const gateway = createGateway(config);
const client = createClient({ url: (await gateway.start()).url, codec: msgpack, token: () => mintToken({ secret: 'x', algorithm: 'HS256', sub: 'ada', expiresIn: 1000 }) });
const notes: Channel<Note> = client.channel<Note>('note:1');
notes.subscribe((message: Message<Note>) => message.data.text.toUpperCase(), { rewind: 1, onGap: ({ lost }) => lost?.toFixed() });
// @ts-expect-error a note has a text, not a number
notes.publish({ text: 1 }).catch((error: SluiceError) => error.retryable);

const backend = new Backend({ url: 'http://localhost:8080', apiKey: mintFor({ secret: 'x', sub: 'ada' }) });
backend.publish('note:1', { text: 'a' }).then(({ offset }) => offset.toFixed());
// @ts-expect-error there is no such operation
backend.get('/api/v1/nothing', {});

const double = createTestClient({ user: 'ada' });
const same: typeof client = double.client;
double.gateway.publish('note:1', { text: same.state });

await using kit = await startTestGateway({ channels: { 'note:{id}': { history: true } } });
await kit.clock.advance('5m');
kit.faults.drop('ada');
test.use({ sluice: { file: 'sluice.yaml', tokenRoute: '/token' } });
test('typed', async ({ as, gateway, faults }) => {
  const page = await as('ada', { token: { role: 'admin' } });
  faults.closeWith('slow_reader', 'ada');
  await expect(page).toBeLive('note:1');
  await expect(gateway).toHaveReceived('note:1', { from: 'ada' }, { timeout: 100 });
  // @ts-expect-error a page has no members
  await expect(page).toHaveMember('note:1', 'ada');
});
`;

// With one channels file for all packages, and everything exported, as in a monorepo.
const CONTRACTS = `
import { type Client, createClient, type SluiceError } from '@sluice/client';
import { defineChannels } from '@sluice/client/contracts';
import { createOutbox } from '@sluice/client/outbox';
import { messageStore } from '@sluice/client/stores';
import { createTestClient } from '@sluice/client/testing';
import { createGateway } from '@sluice/server';
import { z } from 'zod';

export const channels = defineChannels({
  'chat:{room}': {
    message: z.object({ text: z.string() }),
    events: { typing: z.object({ on: z.boolean() }) },
    rule: { allow: { '*': 'users' }, history: true },
  },
});
export const gateway = createGateway({ contracts: channels, keys: [{ secretEnv: 'SLUICE_SECRET' }] });
export const client = createClient<typeof channels>({ url: 'ws://localhost/ws' });
export const lobby = client.channel('chat:lobby');
export const outbox = createOutbox(client, { user: 'ada' });
export const outgoing = outbox.publish('chat:lobby', { text: 'Hello' });
export const error: SluiceError | undefined = outgoing.error;
// @ts-expect-error a message has a text
outbox.publish('chat:lobby', { txt: 'Hello' });
export const store = messageStore(client, 'chat:lobby', {});
export const double = createTestClient({ channels });
export const same: Client<typeof channels> = double.client;
export const members = double.gateway.members('chat:lobby').list;
`;

const PROGRAM = `
import { createClient } from '@sluice/client';
import { msgpack } from '@sluice/client/msgpack';
import { createGateway, mintToken } from '@sluice/server';
import WebSocket from 'ws';

const secret = 'a secret for this program, thirty-two bytes or more';
const allow = { subscribe: 'users', publish: 'users' };
const gateway = createGateway({ host: '127.0.0.1', port: 0, keys: [{ secret }], channels: { 'note:{id}': { allow } }, log: { level: 'silent' } });
const { url } = await gateway.start();
for (const codec of [undefined, msgpack]) {
  const token = () => mintToken({ secret, algorithm: 'HS256', sub: 'ada', expiresIn: 60_000 });
  const client = createClient({ url: url.replace('http', 'ws') + '/ws', token, WebSocket, ...(codec && { codec }) });
  const received = new Promise((resolve) => client.channel('note:1').subscribe(resolve));
  await client.channel('note:1').publish({ text: 'Hello' });
  const { data, from, offset } = await received;
  console.log(JSON.stringify({ data, from, offset }));
  client.close();
}
await gateway.close();
`;

const BRIDGES = `
import { createGateway } from '@sluice/server';

const channels = { orders: { history: true } };
const to = { channel: 'orders' };
const open = (bridge) => createGateway({
  ...{ host: '127.0.0.1', port: 0, anonymous: true, log: { level: 'silent' }, channels },
  ...{ apiKeys: [{ name: 'test', secret: 'an-api-key-that-only-this-program-knows' }], bridges: { bridge: { ...bridge, to } } },
});

// Without the client of its broker, a bridge says how to install it.
await open({ rabbitmq: { url: 'amqp://127.0.0.1:1' }, from: { queue: 'orders' } }).start().then(
  () => console.log('started'),
  ({ message }) => console.log(message),
);

// With the client, it runs, and waits for its broker: nothing listens at port 1.
const gateway = open({ redis: { url: 'redis://127.0.0.1:1' }, from: { streams: ['orders'] } });
const { url } = await gateway.start();
const headers = { authorization: 'Bearer an-api-key-that-only-this-program-knows' };
for (;;) {
  const { bridges } = await (await fetch(url + '/api/v1/bridges', { headers })).json();
  if (bridges[0].state !== 'waiting') continue;
  console.log(bridges[0].error);
  break;
}
await gateway.close();
`;

const COMPILER = {
  target: 'ES2022',
  strict: true,
  declaration: true,
  emitDeclarationOnly: true,
  outDir: 'declarations',
  rootDir: '.',
  types: ['node'],
  lib: ['ES2023', 'ESNext.Disposable', 'DOM'],
};

let folder: string;
const npm = (args: readonly string[], cwd: string) => run('npm', args, { cwd });
const write = (name: string, content: string) => writeFile(join(folder, name), content);

beforeAll(async () => {
  const workspaces = ['protocol', 'client-sdk', 'server', 'cli', 'playwright', 'backend', 'bridges'];
  expectFresh([...workspaces, 'console']);
  folder = await mkdtemp(join(tmpdir(), 'sluice-packages-'));
  // Packs the existing build: building again would disturb other tests.
  const options = ['--ignore-scripts', '--json', '--pack-destination', folder];
  const { stdout } = await npm(['pack', ...options, ...workspaces.flatMap((name) => ['-w', name])], root);
  const packed = Object.values(JSON.parse(stdout) as Record<string, { filename: string }>);
  const tarballs = packed.map(({ filename }) => `./${filename}`);
  await write('package.json', JSON.stringify({ name: 'elsewhere', private: true, type: 'module' }));
  await npm(['install', '--prefer-offline', '--no-audit', '--no-fund', ...tarballs, 'ws@8', '@types/node@20'], folder);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** The compiler takes seconds, and minutes on a machine that others use. */
const COMPILING = 900_000;

it.each([
  { moduleResolution: 'NodeNext', module: 'NodeNext' },
  { moduleResolution: 'bundler', module: 'ESNext' },
])(
  'provide types with module resolution $moduleResolution',
  async (resolution) => {
    await write('program.ts', TYPED);
    await write('contracts.ts', CONTRACTS);
    const name = `tsconfig.${resolution.moduleResolution}.json`;
    await write(
      name,
      JSON.stringify({ compilerOptions: { ...COMPILER, ...resolution }, files: ['program.ts', 'contracts.ts'] }),
    );
    const compiler = join(root, 'node_modules/typescript/bin/tsc');
    const { stdout } = await run(process.execPath, [compiler, '-p', name], { cwd: folder }).catch((error) => error);
    expect(stdout).toBe('');
  },
  COMPILING,
);

it.each(['protocol', 'client', 'server', 'cli', 'playwright', 'backend', 'bridges'])(
  'have a description and a licence in @sluice/%s',
  (name) => {
    const missing = ['README.md', 'LICENSE'].filter(
      (file) => !existsSync(join(folder, 'node_modules/@sluice', name, file)),
    );
    expect(missing).toEqual([]);
  },
);

it.each(['protocol', 'client', 'server', 'cli', 'playwright', 'backend', 'bridges'])(
  'contain the sources of the source maps in @sluice/%s',
  async (name) => {
    const main = name === 'cli' ? 'main' : 'index';
    const map = await readFile(join(folder, 'node_modules/@sluice', name, `dist/${main}.js.map`), 'utf8');
    const { sources, sourcesContent } = JSON.parse(map) as { sources: string[]; sourcesContent?: string[] };
    expect(sourcesContent?.length).toBe(sources.length);
  },
);

it('run a gateway and exchange a message, in both codecs', async () => {
  await write('program.mjs', PROGRAM);
  const { stdout } = await run(process.execPath, ['program.mjs'], { cwd: folder });
  const messages = stdout
    .trim()
    .split('\n')
    .map((line): unknown => JSON.parse(line));
  expect(messages).toEqual([1, 2].map((offset) => ({ data: { text: 'Hello' }, from: 'ada', offset })));
});

it('run a bridge with @sluice/bridges, and name the client that is missing', async () => {
  await write('bridges.mjs', BRIDGES);
  const { stdout } = await run(process.execPath, ['bridges.mjs'], { cwd: folder });
  const [missing, waiting] = stdout.trim().split('\n');
  expect(missing).toContain('npm install amqplib');
  expect(waiting).toContain('ECONNREFUSED 127.0.0.1:1');
});

it('contain the sluice command in @sluice/cli', async () => {
  const { stdout } = await run('npx', ['--no-install', 'sluice', '--help'], { cwd: folder });
  expect(stdout).toContain('sluice');
  expect(stdout).toContain('serve');
});

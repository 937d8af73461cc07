/** The built command, started as a process, with the files of a folder. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { expectFresh } from '../../scripts/src/fresh-build.mjs';

expectFresh(['protocol', 'client-sdk', 'server', 'cli']);

const ROOT = join(import.meta.dirname, '../..');
const COMMAND = join(ROOT, 'cli/bin/sluice.js');
const folders: string[] = [];
const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function folderWith(files: Record<string, string>, parent = tmpdir()): string {
  const folder = mkdtempSync(join(parent, 'sluice-command-'));
  folders.push(folder);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

/** A process and its output. */
function start(command: string, args: readonly string[], cwd: string) {
  const child = spawn(command, args, { cwd, env: { PATH: process.env.PATH, HOME: process.env.HOME } });
  children.push(child);
  const said = { text: '' };
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      said.text += chunk;
    });
  const says = (what: RegExp) => expect.poll(() => said.text, { timeout: 150_000 }).toMatch(what);
  return { child, said, says };
}

const isOpen = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });

const portOf = (text: string): number => Number(/listening on http:\/\/localhost:(\d+)/.exec(text)?.[1]);

describe('the command', () => {
  it.skipIf(process.platform === 'win32')('stops when the npx that started it gets SIGTERM', async () => {
    const { child, said, says } = start(
      'npx',
      ['sluice', 'serve', '--dev', '--port', '0'],
      folderWith({}, join(ROOT, 'cli')),
    );
    await says(/listening on/);
    const port = portOf(said.text);
    expect(await isOpen(port)).toBe(true);
    child.kill('SIGTERM');
    await expect.poll(() => isOpen(port), { timeout: 150_000 }).toBe(false);
  });

  it('names the process that holds its port', async () => {
    const first = start(process.execPath, [COMMAND, 'serve', '--dev', '--port', '0'], folderWith({}));
    await first.says(/listening on/);
    const port = String(portOf(first.said.text));
    const second = start(process.execPath, [COMMAND, 'serve', '--dev', '--port', port], folderWith({}));
    const [code] = (await once(second.child, 'exit')) as [number];
    expect(code).toBe(1);
    await second.says(/cannot listen on 127\.0\.0\.1:\d+/);
    if (process.platform === 'linux') await second.says(new RegExp(`stop it with "kill ${first.child.pid}"`));
  });

  it('loads contracts in TypeScript, and reloads the rules when they change', async () => {
    const contracts = (pattern: string) => `
      import { defineChannels } from '@sluice/server';
      const pattern: string = ${JSON.stringify(pattern)};
      export const channels = defineChannels({ [pattern]: { rule: { allow: { '*': 'users' as const } } } });
    `;
    const folder = folderWith({ 'channels.ts': contracts('chat:{room}') }, join(ROOT, 'e2e'));
    const args = [COMMAND, 'serve', '--dev', '--port', '0', '--contracts', 'channels.ts'];
    const { said, says } = start(process.execPath, args, folder);
    await says(/listening on/);
    expect(said.text).toContain('sluice subscribe chat:lobby');
    writeFileSync(join(folder, 'channels.ts'), contracts('news:{topic}'));
    await says(/sluice: configuration reloaded: .*news/);
    const url = `http://localhost:${portOf(said.text)}`;
    const { apiKey } = (await (await fetch(`${url}/dev/token?sub=ada`)).json()) as { apiKey: string };
    const publish = (channel: string) =>
      fetch(`${url}/api/v1/publish`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${apiKey}` },
        body: JSON.stringify({ channel, data: 1 }),
      });
    expect((await publish('news:a')).status).toBe(200);
    expect((await publish('chat:a')).status).toBe(404);
  });

  it('reports what to install if TypeScript cannot be loaded', async () => {
    const folder = folderWith({ 'channels.ts': 'export const channels: object = {};' });
    const { child, says } = start(process.execPath, [COMMAND, 'check', '--dev', '--contracts', 'channels.ts'], folder);
    const [code] = (await once(child, 'exit')) as [number];
    if ((process.features as { typescript?: unknown }).typescript) expect(code).toBe(0);
    else await says(/npm install --save-dev esbuild/);
  });
});

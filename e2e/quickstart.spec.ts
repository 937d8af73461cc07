import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@playwright/test';
import { expectFresh } from '../scripts/src/fresh-build.mjs';
import { freePort } from './support/free-port.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PAGE = readFileSync(join(ROOT, 'docs/quickstart.md'), 'utf8');

/** The code blocks of the page's sections, by language. */
const blocks = (language: string): string[] =>
  [...PAGE.matchAll(new RegExp(`^\`\`\`${language}(?: no-check)?\\n(.*?)^\`\`\``, 'gms'))].map(([, code = '']) => code);

/** npm asks before it downloads create-vite. */
const UNASKED = { ...process.env, npm_config_yes: 'true' };

const started: ChildProcess[] = [];
let folder = '';

test.afterEach(() => {
  for (const child of started.splice(0)) if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

function run(command: string, cwd: string): void {
  const { status, stdout, stderr } = spawnSync(command, {
    cwd,
    env: UNASKED,
    shell: true,
    encoding: 'utf8',
    timeout: 900_000,
  });
  expect(status, `${command}\n${stdout}\n${stderr}`).toBe(0);
}

const scriptsOf = (workspace: string): unknown =>
  JSON.parse(readFileSync(join(ROOT, workspace, 'package.json'), 'utf8')).scripts;

/** Starts a long-running command, and resolves when it reports that it is ready. */
function start(command: string, cwd: string, ready: RegExp): Promise<void> {
  const child = spawn(command, { cwd, shell: true, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  started.push(child);
  let output = '';
  return new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        output += chunk;
        if (ready.test(output)) resolve();
      });
    }
    child.once('exit', (code) => reject(new Error(`"${command}" ended with ${code}:\n${output}`)));
  });
}

test('following the quickstart leads to two windows that exchange messages', async ({ browser }) => {
  test.setTimeout(1_800_000);
  expectFresh(['backend', 'bridges']);
  folder = mkdtempSync(join(tmpdir(), 'sluice-quickstart-'));
  const [create = '', install = ''] = blocks('sh');
  const [pack = 'no pack command'] = /npm pack(?: -w \S+)+/.exec(install) ?? [];
  run(create, folder);
  const app = join(folder, 'my-app');
  // Packing builds every package. Here they are built, and to build them again would take minutes, and disturb other tests.
  for (const [, name = ''] of pack.matchAll(/-w (\S+)/g))
    expect(scriptsOf(name)).toMatchObject({ prepack: 'npm run build' });
  run(`${pack} --ignore-scripts --pack-destination ${folder} --silent`, ROOT);
  const packed = readdirSync(folder).filter((name) => name.endsWith('.tgz'));
  run(`npm install --no-audit --no-fund ${packed.map((name) => `../${name}`).join(' ')}`, app);

  // The ports in the quickstart may be in use on the test machine.
  const [gateway, vite] = [await freePort(), await freePort()];
  const [rules = ''] = blocks('yaml');
  const [main = ''] = blocks('ts');
  writeFileSync(join(app, 'sluice.yaml'), rules);
  writeFileSync(join(app, 'src/main.ts'), main.replaceAll('localhost:8080', `localhost:${gateway}`));
  run('npx tsc --noEmit', app);
  await start(`npx sluice serve --dev --port ${gateway}`, app, /listening on/);
  await start(`npm run dev -- --port ${vite} --strictPort`, app, /ready in/);

  const open = async (user: string) => {
    const page = await (await browser.newContext()).newPage();
    await page.goto(`http://localhost:${vite}/?user=${user}`);
    return page;
  };
  const [ada, bob] = [await open('ada'), await open('bob')];
  for (const page of [ada, bob]) await expect(page.locator('#here')).toHaveText(/^(ada, bob|bob, ada) here$/);
  await ada.getByPlaceholder('Message').fill('Hello Bob');
  await ada.getByRole('button', { name: 'Send' }).click();
  await bob.getByPlaceholder('Message').fill('Hello Ada');
  await bob.getByRole('button', { name: 'Send' }).click();
  for (const page of [ada, bob]) {
    await expect(page.getByRole('listitem').filter({ hasText: 'ada: Hello Bob' })).toBeVisible();
    await expect(page.getByRole('listitem').filter({ hasText: 'bob: Hello Ada' })).toBeVisible();
  }
});

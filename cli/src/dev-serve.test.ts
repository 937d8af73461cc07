import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Config, parseConfig } from '@sluice/server/cli-support';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestGateway, TestShell } from '../test/test-shell.ts';
import { devBanner } from './dev-banner.ts';
import { run } from './run.ts';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'sluice-dev-'));
});
afterEach(() => rmSync(cwd, { recursive: true }));

/** Starts and stops a gateway, as `sluice serve` does. */
async function serve(...args: string[]): Promise<{ config: Config; shell: TestShell; end: () => Promise<number> }> {
  const gateway = new TestGateway();
  const shell = new TestShell({ cwd, loadGateway: gateway.load });
  const done = run(['serve', ...args], shell);
  await gateway.running;
  const end = (): Promise<number> => {
    shell.signal();
    return done;
  };
  return { config: gateway.config as Config, shell, end };
}

describe('the keys of development mode', () => {
  it('survive a restart, in a file that only the user can read and Git ignores', async () => {
    const first = await serve('--dev');
    await first.end();
    const second = await serve('--dev');
    await second.end();
    expect(second.config.devSecret).toBe(first.config.devSecret);
    expect(second.config.devApiKey).toBe(first.config.devApiKey);
    expect(statSync(join(cwd, '.sluice/dev.json')).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(cwd, '.sluice/.gitignore'), 'utf8')).toBe('*\n');
  });

  it('survive a restart for each app, also of one that was left out in between', async () => {
    const apps = (...names: string[]) => {
      const lines = names.map((name) => `  ${name}: { at: { path: /apps/${name} } }`);
      writeFileSync(join(cwd, 'sluice.yaml'), ['dev: true', 'apps:', ...lines, ''].join('\n'));
    };
    const run = async (...names: string[]) => {
      apps(...names);
      const { config, end } = await serve();
      await end();
      return new Map(config.apps.map(({ name, config: { devSecret, devApiKey } }) => [name, { devSecret, devApiKey }]));
    };
    const first = await run('shop', 'blog');
    expect(first.get('shop')).toEqual({ devSecret: expect.any(String), devApiKey: expect.any(String) });
    expect(first.get('shop')).not.toEqual(first.get('blog'));
    const second = await run('shop');
    const third = await run('blog', 'shop');
    expect([second.get('shop'), third.get('shop'), third.get('blog')]).toEqual([
      first.get('shop'),
      first.get('shop'),
      first.get('blog'),
    ]);
  });

  it.each([
    '',
    '{',
    '[]',
    '{"apps":[]}',
    '{"apps":{"shop":null}}',
    '{"secret":1,"apiKey":"short"}',
    '{"secret":"short"}',
  ])('are generated again if the file is damaged: %j', async (text) => {
    const first = await serve('--dev');
    await first.end();
    writeFileSync(join(cwd, '.sluice/dev.json'), text);
    const second = await serve('--dev');
    await second.end();
    expect(second.config.devSecret).toMatch(/^[\w-]{43}$/);
    expect(second.config.devSecret).not.toBe(first.config.devSecret);
    expect(second.config.devApiKey).toMatch(/^[\w-]{43}$/);
    const third = await serve('--dev');
    await third.end();
    expect(third.config.devSecret).toBe(second.config.devSecret);
  });

  it('are not stored outside of development mode, or if keys are configured', async () => {
    writeFileSync(
      join(cwd, 'a.yaml'),
      'keys: [{ secret: 0123456789abcdef0123456789abcdef }]\napiKeys: [{ name: a, secret: 0123456789abcdef }]\n',
    );
    for (const args of [
      ['--config', 'a.yaml'],
      ['--config', 'a.yaml', '--dev'],
    ])
      await (await serve(...args)).end();
    expect(() => statSync(join(cwd, '.sluice'))).toThrow('ENOENT');
  });

  it('change at each start if they cannot be stored, which is reported', async () => {
    writeFileSync(join(cwd, '.sluice'), 'a file in the place of the folder');
    const { config, shell, end } = await serve('--dev');
    await end();
    expect(config.devSecret).toBeDefined();
    expect(shell.errors.join('\n')).toContain('cannot be written');
  });
});

describe('rules in production', () => {
  const write = (rules: string) =>
    writeFileSync(
      join(cwd, 'sluice.yaml'),
      `keys: [{ secret: 0123456789abcdef0123456789abcdef }]\nchannels:\n${rules}`,
    );

  it('are reloaded at SIGHUP; the differences are named, and an error changes nothing', async () => {
    write('  a: {}\n  b: {}\n');
    const gateway = new TestGateway();
    const shell = new TestShell({ cwd, loadGateway: gateway.load });
    const done = run(['serve'], shell);
    await gateway.running;
    await new Promise(setImmediate);
    expect(shell.watched).toEqual([]);

    write('  a: { history: true }\n  c: {}\n');
    shell.hangUp();
    await expect.poll(() => shell.errors.at(-1)).toContain('reloaded');
    expect(shell.errors.at(-1)).toBe(
      'sluice: configuration reloaded: channels: added "c"; channels: removed "b"; channels: changed "a"',
    );

    write('  a: { allow: { subscribe: everybody } }\n');
    shell.hangUp();
    await expect.poll(() => shell.errors.at(-1)).toContain('the configuration stays as it was');
    expect(gateway.reloaded).toHaveLength(1);

    write('  a: { history: true }\n  c: {}\n');
    shell.hangUp();
    await expect.poll(() => shell.errors.at(-1)).toContain('no difference');
    shell.signal();
    await done;
    shell.hangUp();
    await new Promise(setImmediate);
    expect(gateway.reloaded).toHaveLength(2);
  });
});

describe('rules in development mode', () => {
  const write = (text: string) => writeFileSync(join(cwd, 'sluice.yaml'), text);

  it('are reloaded when the file changes; an error is reported and changes nothing', async () => {
    write('channels: { a: { allow: { subscribe: users } } }\n');
    const gateway = new TestGateway();
    const shell = new TestShell({ cwd, loadGateway: gateway.load });
    const done = run(['serve', '--dev'], shell);
    await gateway.running;
    await expect.poll(() => shell.watched).toEqual([join(cwd, 'sluice.yaml')]);

    write('channels: { b: { allow: { subscribe: everybody } } }\n');
    shell.change();
    await expect.poll(() => shell.errors.at(-1)).toContain('the configuration stays as it was');
    expect(shell.errors.at(-1)).toContain('"everybody" is not a grant');
    expect(gateway.reloaded).toEqual([]);

    write('heartbeat: 10s\nchannels: { b: { allow: { subscribe: users } } }\n');
    shell.change();
    await expect.poll(() => shell.errors.at(-1)).toContain('restart to apply other changes: heartbeat');
    expect(gateway.reloaded.map(({ channels }) => channels.map(({ pattern }) => pattern.source))).toEqual([['b']]);
    expect(gateway.reloaded[0]?.devSecret).toBe(gateway.config?.devSecret);
    shell.signal();
    await done;
    expect(shell.watched).toEqual([]);
  });

  it('are reloaded one after the other, and reported once they are in force', async () => {
    write('channels: { a: {} }\n');
    const gateway = new TestGateway();
    const shell = new TestShell({ cwd, loadGateway: gateway.load });
    const done = run(['serve', '--dev'], shell);
    await gateway.running;
    await expect.poll(() => shell.watched).toHaveLength(1);
    const releases: (() => void)[] = [];
    gateway.reloading = () => new Promise((resolve) => releases.push(resolve));
    const reports = () => shell.errors.filter((line) => line.includes('configuration reloaded')).length;

    write('channels: { b: {} }\n');
    shell.change();
    await expect.poll(() => gateway.reloaded).toHaveLength(1);
    write('channels: { b: {}, c: {} }\n');
    shell.change();
    await new Promise(setImmediate);
    expect([gateway.reloaded.length, reports()]).toEqual([1, 0]);
    releases[0]?.();
    await expect.poll(() => gateway.reloaded).toHaveLength(2);
    expect(reports()).toBe(1);
    releases[1]?.();
    await expect.poll(reports).toBe(2);
    expect(shell.errors.at(-1)).toContain('channels: added "c"');
    shell.signal();
    await done;
  });

  it('are reported if reloading fails, and reloaded at the next change', async () => {
    write('channels: { a: {} }\n');
    const gateway = new TestGateway();
    const shell = new TestShell({ cwd, loadGateway: gateway.load });
    const done = run(['serve', '--dev'], shell);
    await gateway.running;
    await expect.poll(() => shell.watched).toHaveLength(1);
    gateway.reloading = () => Promise.reject(new Error('a mistake'));
    shell.change();
    await expect.poll(() => shell.errors.at(-1)).toContain('a mistake');
    expect(shell.errors.join()).not.toContain('configuration reloaded');
    gateway.reloading = async () => {};
    shell.change();
    await expect.poll(() => shell.errors.at(-1)).toContain('configuration reloaded');
    shell.failWatch(new Error('ENOSPC'));
    expect(shell.errors.at(-1)).toBe('sluice: the configuration is not reloaded: restart after a change (ENOSPC)');
    shell.signal();
    expect(await done).toBe(0);
  });

  it('are not watched outside of development mode', async () => {
    write('keys: [{ secret: 0123456789abcdef0123456789abcdef }]\n');
    const { shell, end } = await serve();
    expect(shell.watched).toEqual([]);
    await end();
  });
});

it('stops when the npm process that started it has ended', async () => {
  const gateway = new TestGateway();
  const shell = new TestShell({ cwd, loadGateway: gateway.load });
  const done = run(['serve', '--dev'], shell);
  await gateway.running;
  shell.orphan();
  expect(await done).toBe(0);
  expect(gateway.calls).toEqual(['start', 'close']);
});

describe('the banner of development mode', () => {
  const addresses = ['127.0.0.1', '192.168.7.20', '::1', 'fe80::1'];
  const banner = (config: Parameters<typeof parseConfig>[0], url = 'http://localhost:8080') =>
    devBanner(url, parseConfig({ dev: true, ...config }), { addresses });

  it('prints commands for the port that it listens on', () => {
    const text = banner({}, 'http://localhost:18100');
    expect(text).toContain('npx sluice subscribe chat:lobby --url http://localhost:18100');
    expect(text).toContain(`npx sluice publish chat:lobby '{"text":"Hello"}' --url http://localhost:18100`);
    expect(text).toContain('curl "http://localhost:18100/dev/token?sub=ada"');
    expect(banner({})).not.toContain('--url');
  });

  it.each([
    [{ 'news:{topic}': { allow: { subscribe: 'users' } }, 'a:{b}': {} }, 'news:lobby'],
    [{ 'chat:{room}': { allow: { subscribe: 'users' } }, 'chat:staff': {} }, 'chat:lobby'],
    [{ 'x:**': { allow: { subscribe: 'anyone' } } }, 'x:lobby'],
    [{ 'jobs:{id}': { queue: true }, 'news:{topic}': {} }, 'news:lobby'],
    [{ 'chat:{room}': { queue: true }, 'news:{topic}': { allow: { subscribe: 'users' } } }, 'news:lobby'],
  ] as const)('names an existing channel: %j', (channels, channel) => {
    expect(banner({ channels })).toContain(`npx sluice subscribe ${channel}\n`);
  });

  it('prints the address for other devices only if they can connect', () => {
    expect(banner({ host: '0.0.0.0' })).toContain('network     http://192.168.7.20:8080/');
    expect(banner({ host: '192.168.7.20' }, 'http://192.168.7.20:8080')).toContain('http://192.168.7.20:8080/ (anyone');
    expect(banner({})).not.toContain('192.168');
  });
});

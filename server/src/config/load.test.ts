import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { flagName, type LoadOptions, load } from './load.ts';
import { ConfigError } from './schema.ts';

const SECRET = '0123456789abcdef0123456789abcdef';
const YAML = `keys: [{ secret: ${SECRET} }]\n`;

let cwd = '';
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'sluice-load-'));
});
afterEach(() => rmSync(cwd, { recursive: true }));

const write = (name: string, text: string) => writeFileSync(join(cwd, name), text);

const loadHere = (options: Partial<LoadOptions> = {}) => load({ env: {}, flags: {}, cwd, terminal: false, ...options });

async function problemsOf(options: Partial<LoadOptions> = {}): Promise<readonly string[]> {
  const error = await loadHere(options).catch((error: unknown) => error);
  if (error instanceof ConfigError) return error.problems;
  throw new Error('no ConfigError');
}

describe('precedence', () => {
  const flags = { port: '4' };
  const env = { SLUICE_PORT: '3', PORT: '2' };
  it.each<[string, Partial<LoadOptions>, string, number]>([
    ['a flag before everything else', { flags, env }, 'port: 1', 4],
    ['SLUICE_PORT before PORT', { env }, 'port: 1', 3],
    ['PORT before the file', { env: { PORT: '2' } }, 'port: 1', 2],
    ['the file before the default', {}, 'port: 1', 1],
    ['the default last', {}, '', 8080],
    ['an empty variable is not set', { env: { SLUICE_PORT: '', PORT: '2' } }, 'port: 1', 2],
  ])('%s', async (_, options, line, port) => {
    write('sluice.yaml', YAML + line);
    expect((await loadHere(options)).config.port).toBe(port);
  });

  it('applies to each option, not to groups', async () => {
    write('sluice.yaml', `${YAML}log: { level: warn }\nlimits: { subscriptions: 5 }`);
    const { config } = await loadHere({ env: { SLUICE_LOG_FORMAT: 'pretty' }, flags: { maxFrame: '64KiB' } });
    expect(config.log).toMatchObject({ level: 'warn', format: 'pretty' });
    expect(config.limits).toMatchObject({ subscriptions: 5, maxFrame: 65_536 });
  });
});

describe('texts of the environment', () => {
  it.each([
    ['true', true],
    ['1', true],
    ['Yes', true],
    ['on', true],
    ['false', false],
    ['0', false],
  ])('%s is %s', async (text, expected) => {
    expect((await loadHere({ env: { SLUICE_SECRET: SECRET, SLUICE_ANONYMOUS: text } })).config.anonymous).toBe(
      expected,
    );
  });

  it('set keys and lists', async () => {
    const env = {
      SLUICE_SECRET: SECRET,
      SLUICE_API_KEY: `key-${SECRET}`,
      SLUICE_ORIGINS: 'https://a.test, https://b.test',
    };
    const { config } = await loadHere({ env });
    expect(config.keys).toEqual([{ secret: SECRET, algorithm: 'HS256' }]);
    expect(config.apiKeys).toEqual([{ name: 'environment', secret: `key-${SECRET}` }]);
    expect(config.origins).toEqual(['https://a.test', 'https://b.test']);
  });

  it.each([
    [{ env: { SLUICE_PORT: 'http' } }, 'SLUICE_PORT'],
    [{ env: { PORT: '8o80' } }, 'PORT'],
    [{ flags: { port: '-1' } }, '--port'],
  ])('are named if they are wrong: %j', async ({ env, flags = {} }: Partial<LoadOptions>, source) => {
    const problems = await problemsOf({ env: { SLUICE_SECRET: SECRET, ...env }, flags });
    expect(problems).toEqual([`port: must be a whole number. Choose from 0 to 65535 (from ${source})`]);
  });
});

describe('files', () => {
  it.each([
    ['sluice.yaml', `${YAML}port: 1`],
    ['sluice.yml', `${YAML}port: 1`],
    ['sluice.json', JSON.stringify({ keys: [{ secret: SECRET }], port: 1 }, null, '\t')],
    ['sluice.config.mjs', `export default { keys: [{ secret: '${SECRET}' }], port: 1 };`],
  ])('%s is found', async (name, text) => {
    write(name, text);
    const { config, file } = await loadHere();
    expect(config.port).toBe(1);
    expect(file).toBe(join(cwd, name));
  });

  it('may be named, by flag or by variable', async () => {
    write('sluice.yaml', `${YAML}port: 1`);
    write('other.yaml', `${YAML}port: 2`);
    expect((await loadHere({ file: 'other.yaml' })).config.port).toBe(2);
    expect((await loadHere({ env: { SLUICE_CONFIG: 'other.yaml' } })).config.port).toBe(2);
  });

  it('may export `config`, with functions as grants', async () => {
    const rule = `{ allow: { publish: ({ user }) => user === 'ada' } }`;
    write('a.mjs', `export const config = { keys: [{ secret: '${SECRET}' }], channels: { a: ${rule} } };`);
    const { config } = await loadHere({ file: 'a.mjs' });
    expect(config.channels[0]?.allow.publish).toMatchObject([{ kind: 'function' }]);
  });

  it('may be empty', async () => {
    write('sluice.yaml', '# nothing yet\n');
    expect((await loadHere({ env: { SLUICE_SECRET: SECRET } })).config.port).toBe(8080);
  });

  it('are the base of their relative paths; the working directory is that of flags and variables', async () => {
    mkdirSync(join(cwd, 'etc/web'), { recursive: true });
    mkdirSync(join(cwd, 'web'));
    write('etc/sluice.yaml', 'keys: [{ secretFile: secret }]\nstatic: web');
    write('etc/secret', SECRET);
    const file = 'etc/sluice.yaml';
    expect((await loadHere({ file })).config.static).toBe(join(cwd, 'etc/web'));
    expect((await loadHere({ file, env: { SLUICE_STATIC: 'web' } })).config.static).toBe(join(cwd, 'web'));
    expect((await loadHere({ file, flags: { static: './web' } })).config.static).toBe(join(cwd, 'web'));
  });

  it.each([
    ['a.yaml', 'port: 1\n\tx: 2', /a\.yaml:2:1: /],
    ['a.yaml', 'port: 1\nport: 2', /a\.yaml:2:1: Map keys must be unique/],
    ['a.json', '{\n  "port" 1\n}', /a\.json:2:10: Missing , or :/],
    ['a.yaml', 'a: *nothing', /a\.yaml: Unresolved alias/],
    ['a.yaml', '- port', /a\.yaml: contains no configuration. Write options/],
    ['a.mjs', 'export const port = 1;', /a\.mjs: contains no configuration. Export it as default/],
    ['b.mjs', 'export default {', /b\.mjs: cannot be loaded: /],
  ])('report where they are wrong: %s %j', async (name, text, problem) => {
    write(name, text);
    const problems = await problemsOf({ file: name });
    expect(problems[0]).toMatch(problem);
    expect(problems[0]).toContain(cwd);
  });

  it.each(['0.12345678901234567890', '9007199254740993', '{ a: [1.00000000000000000001] }'])(
    'may not have the data %s for a recurring message, because JavaScript would round it',
    async (data) => {
      const schedule = `schedules:\n  a: { channel: c, cron: "0 9 * * *", data: ${data} }`;
      write('a.yaml', `${YAML}channels: { c: { allow: { subscribe: anyone } } }\n${schedule}\n`);
      expect(await problemsOf({ file: 'a.yaml' })).toEqual([expect.stringMatching(/data.*send it as a string/)]);
    },
  );

  it('are reported if they do not exist', async () => {
    expect(await problemsOf({ file: 'none.yaml' })).toEqual([
      `${join(cwd, 'none.yaml')}: does not exist. Correct the path given with --config`,
    ]);
  });

  it('are named if a value in them is wrong', async () => {
    write('sluice.yaml', `${YAML}log: { level: loud }`);
    expect((await problemsOf())[0]).toContain(`(from ${join(cwd, 'sluice.yaml')})`);
  });
});

describe('flagName', () => {
  it.each([
    ['--port <number>', 'port'],
    ['--log-level <level>', 'logLevel'],
    ['--dev', 'dev'],
  ])('%s is %s', (flag, name) => {
    expect(flagName(flag)).toBe(name);
  });
});

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Channels, defineChannels, type Schema } from '@sluice/protocol/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ConfigInput } from './config.ts';
import { describeConfig } from './describe.ts';
import { type LoadOptions, load } from './load.ts';
import { ConfigError, parseConfig } from './schema.ts';

const schema: Schema = { '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) } };

const parse = (contracts: Channels, channels: NonNullable<ConfigInput['channels']> = {}) =>
  parseConfig({ anonymous: true, contracts, channels });

function problemsOf(input: unknown): readonly string[] {
  try {
    parseConfig(input as ConfigInput);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
  }
  throw new Error('no ConfigError');
}

describe('contracts and channels', () => {
  const chat = { message: schema, events: { typing: schema }, presence: schema };

  it('make rules together', () => {
    const { channels } = parse(
      { 'chat:{room}': { ...chat, rule: { history: true } }, 'chat:news': {} },
      { 'log:**': {} },
    );
    expect(channels.map(({ pattern }) => pattern.source)).toEqual(['chat:news', 'chat:{room}', 'log:**']);
    const [news, room, log] = channels;
    expect(room).toMatchObject({ slow: 'replay', schemas: { message: schema, presence: schema } });
    expect(room?.schemas?.events?.get('typing')).toBe(schema);
    expect([news?.schemas, log?.schemas]).toEqual([null, null]);
  });

  it('of the same pattern are one rule, in which options of the configuration take precedence', () => {
    const rule = { allow: { publish: 'users', subscribe: 'users' }, history: true, rate: 5 } as const;
    const [merged] = parse(
      { 'chat:{room}': { ...chat, rule } },
      { 'chat:{room}': { allow: { publish: 'anyone' }, rate: 9 } },
    ).channels;
    expect(merged).toMatchObject({
      allow: { publish: [{ kind: 'anyone' }] },
      history: { count: 1000 },
      rate: { perSecond: 9 },
      schemas: { message: schema },
    });
    expect(merged?.allow).not.toHaveProperty('subscribe');
  });

  it('need no rule if the configuration has one', () => {
    const [merged] = parse({ 'chat:{room}': chat }, { 'chat:{room}': { history: true } }).channels;
    expect(merged).toMatchObject({ history: { count: 1000 }, schemas: { message: schema } });
  });

  it('accept functions as grants', () => {
    const [rule] = parse({ 'chat:{room}': { rule: { allow: { publish: () => true } } } }).channels;
    expect(rule?.allow.publish).toMatchObject([{ kind: 'function' }]);
  });

  it('replace the open default rule of development mode', () => {
    const { channels } = parseConfig({ dev: true, contracts: defineChannels({ 'chat:{room}': {} }) });
    expect(channels.map(({ pattern }) => pattern.source)).toEqual(['chat:{room}']);
  });

  it('are described by the fields that they check', () => {
    const config = parse({ 'chat:{room}': chat, free: {} });
    expect(describeConfig(config).channels).toMatchObject({
      'chat:{room}': { contract: { message: '(checked)', events: ['typing'], presence: '(checked)' } },
    });
    expect(JSON.stringify(describeConfig(config))).not.toContain('schemas');
  });

  it.each<[string, object, string]>([
    ['a path', { contracts: './channels.js' }, 'contracts: is a path, which is only allowed in a configuration file'],
    [
      'no contracts',
      { contracts: { 'a:{b}': { message: 1 } } },
      'contracts: channels["a:{b}"].message is not a schema',
    ],
    ['a wrong option', { contracts: { a: { rule: { hist: true } } } }, 'contracts.a.rule.hist: is not an option'],
    [
      'a wrong grant',
      { contracts: { a: { rule: { allow: { publish: 'owner:{x}' } } } } },
      'contracts.a.rule.allow.publish: ',
    ],
    [
      'a wrong merge',
      { contracts: { a: { rule: { slow: 'replay' } } }, channels: { a: {} } },
      'channels.a.slow: "replay" needs history',
    ],
    ['a tie', { contracts: { 'a:{b}': {} }, channels: { 'a:{c}': {} } }, 'matches the same channels as "a:{b}"'],
    ['no rule', { contracts: { a: {} }, channels: { a: 5 } }, 'channels.a: must be an object'],
  ])('report what is wrong with %s', (_, input, problem) => {
    expect(problemsOf({ anonymous: true, ...input })).toEqual([expect.stringContaining(problem)]);
  });
});

describe('a module of contracts', () => {
  let cwd = '';
  beforeAll(() => {
    cwd = mkdtempSync(join(tmpdir(), 'sluice-contracts-'));
    mkdirSync(join(cwd, 'etc'));
    const text = `({ 'chat:{room}': { message: { '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) } } } })`;
    const files = {
      'named.mjs': `export const channels = ${text};`,
      'default.mjs': `export default ${text};`,
      'etc/near.mjs': `export const channels = ${text};`,
      'empty.mjs': 'export const chanels = {};',
      'wrong.mjs': "export const channels = { 'chat:{room}': { message: 'text' } };",
      'throws.mjs': "throw new Error('no database');",
      'etc/sluice.yaml': 'anonymous: true\ncontracts: ./near.mjs\nchannels: { "chat:{room}": { history: true } }',
    };
    for (const [name, source] of Object.entries(files)) writeFileSync(join(cwd, name), source);
  });
  afterAll(() => rmSync(cwd, { recursive: true }));

  const loadHere = (options: Partial<LoadOptions>) =>
    load({ env: { SLUICE_ANONYMOUS: '1' }, flags: {}, cwd, terminal: false, ...options });

  it.each(['named.mjs', './default.mjs'])('is loaded: %s', async (contracts) => {
    const { config } = await loadHere({ flags: { contracts } });
    expect(config.channels[0]).toMatchObject({ pattern: { source: 'chat:{room}' }, schemas: { events: null } });
  });

  it('is found relative to the configuration file that names it', async () => {
    const { config } = await loadHere({ file: 'etc/sluice.yaml' });
    expect(config.channels[0]).toMatchObject({ history: { count: 1000 }, schemas: { events: null } });
  });

  it('may be named by the environment', async () => {
    const { config } = await loadHere({ env: { SLUICE_ANONYMOUS: '1', SLUICE_CONTRACTS: 'etc/near.mjs' } });
    expect(config.channels).toHaveLength(1);
  });

  it.each([
    ['gone.mjs', /there is no file .*gone\.mjs. Correct the path in --contracts, or build it first/],
    ['empty.mjs', /empty\.mjs: exports no contracts. Export const channels = defineChannels/],
    ['wrong.mjs', /wrong\.mjs: channels\["chat:\{room\}"\]\.message is not a schema/],
    ['throws.mjs', /throws\.mjs cannot be loaded: no database/],
  ])('is reported if it is wrong: %s', async (contracts, problem) => {
    const error = await loadHere({ flags: { contracts } }).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as ConfigError).problems).toEqual([expect.stringMatching(problem)]);
  });
});

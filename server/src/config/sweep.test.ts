import { describe, expect, it } from 'vitest';
import { createGateway } from '../index.ts';
import type { ConfigInput } from './config.ts';
import { load } from './load.ts';
import { OPTION_ROWS } from './options.ts';
import { ConfigError, parseConfig } from './schema.ts';

const SECRET = '0123456789abcdef0123456789abcdef';
const BASE = { keys: [{ secret: SECRET }], engine: 'memory' } as const;

const shown = (value: unknown): string =>
  typeof value === 'function' || typeof value === 'symbol' || typeof value === 'bigint'
    ? String(value)
    : Object.is(value, -0)
      ? '-0'
      : (JSON.stringify(value) ?? String(value)) + (typeof value === 'number' ? ` (${value})` : '');

/**
 * Values that end up in configurations by mistake: an unset variable, a division by zero, a value
 * in quotes.
 */
const HOSTILE: readonly unknown[] = [
  ...[Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0, -1, 0.5, 1e21, Number.MAX_SAFE_INTEGER],
  ...[
    '',
    ' ',
    'NaN',
    'undefined',
    'null',
    '-1',
    '-5s',
    '1e3',
    '0x10',
    '5 parsecs',
    'true',
    '[object Object]',
    '\0',
    'ü',
  ],
  ...[true, false, [], [null], [''], [0], {}, { a: 1 }, new Date(0), 10n, Symbol('s'), () => 1, new Map([['a', 1]])],
];

function nested(path: string, value: unknown): ConfigInput {
  const [group = '', name] = path.split('.');
  const needs = group === 'redis' ? { engine: 'redis' } : group === 'durable' ? { engine: 'durable' } : {};
  const around =
    path === 'redis.url' || group !== 'redis'
      ? {}
      : path === 'redis.sentinels'
        ? { name: 'main' }
        : { url: 'redis://localhost' };
  const placed = name === undefined ? { [group]: value } : { [group]: { ...around, [name]: value } };
  return { ...BASE, ...needs, ...placed } as ConfigInput;
}

/** The result: a configuration, or its problems. Anything else that is thrown fails the test. */
function attempt(read: () => unknown): { value?: unknown; problems?: readonly string[] } {
  try {
    return { value: read() };
  } catch (error) {
    if (error instanceof ConfigError) return { problems: error.problems };
    throw new Error(`threw something else than a ConfigError: ${String(error)}`);
  }
}

/** Is every number in the configuration finite? */
function checkNumbers(value: unknown, where: string): void {
  if (typeof value === 'number') expect(Number.isFinite(value) && value >= 0, `${where} is ${value}`).toBe(true);
  if (typeof value !== 'object' || value === null) return;
  for (const [name, item] of Object.entries(value)) checkNumbers(item, `${where}.${name}`);
}

/** A problem with a path, an error, and advice. */
function checkProblems(problems: readonly string[], where: RegExp): void {
  for (const problem of problems) {
    expect(problem).toMatch(where);
    expect(problem).toMatch(/\. [A-Z]| are |must be an object/);
  }
  expect(problems).not.toHaveLength(0);
}

const pathPattern = (path: string): RegExp =>
  new RegExp(
    `^(?:${path
      .split('.')
      .map((_, at, all) => all.slice(0, at + 1).join('\\.'))
      .join('|')})(?:[.[].*)?: `,
  );

describe.each(OPTION_ROWS.map(({ path }) => path))('%s, in a program', (path) => {
  it.each([undefined, null])('has its default if it is %s', (nothing) => {
    const without = attempt(() => parseConfig(nested(path, undefined)));
    const given = attempt(() => parseConfig(nested(path, nothing)));
    const bare = ({ value, problems }: typeof given) =>
      problems === undefined ? { ...(value as object), node: '' } : problems;
    expect(bare(given)).toEqual(bare(without));
  });

  it.each(HOSTILE.map((value) => [shown(value), value]))('is accepted, or refused with its path: %s', (_, value) => {
    const { value: config, problems } = attempt(() => parseConfig(nested(path, value)));
    if (problems === undefined) return checkNumbers(config, 'config');
    checkProblems(problems, /^\w/);
    expect(
      problems.some((problem) => pathPattern(path).test(problem)),
      problems.join('\n'),
    ).toBe(true);
  });
});

const RULE_PATHS = [
  ...['allow', 'allow.subscribe', 'history', 'history.count', 'history.age', 'from', 'slow', 'latestBy', 'rate'],
  ...[
    'presence',
    'presence.grace',
    'presence.interval',
    'presence.listUpTo',
    'presence.state',
    'maxPayload',
    'dedupe',
    'coalesce',
    'queue',
    'queue.ackTimeout',
    'queue.maxDeliveries',
    'queue.backoff',
    'queue.deadLetter',
    'queue.orderBy',
    'queue.prefetch',
    'queue.maxUnacked',
    'queue.maxLength',
    'queue.overflow',
    'groups',
  ],
  ...['schedule', 'schedule.maxDelay', 'schedule.max'],
  ...['ttl', 'ttl.default', 'ttl.max'],
  ...['requests', 'requests.timeout', 'requests.maxTimeout', 'requests.maxReplies'],
];

describe.each(RULE_PATHS)('channels["a"].%s', (path) => {
  const rule = (value: unknown) => {
    const [group = '', name] = path.split('.');
    const allow = group === 'allow' ? {} : { allow: { subscribe: 'users' } };
    return {
      ...BASE,
      channels: { a: { ...allow, [group]: name === undefined ? value : { [name]: value } } },
    } as ConfigInput;
  };

  // A verb without a value is more likely a forgotten grant than an unused verb.
  it.each(path === 'allow.subscribe' ? [undefined] : [undefined, null])('has its default if it is %s', (nothing) => {
    const config = parseConfig(rule(nothing));
    expect(config.channels).toEqual(parseConfig(rule(undefined)).channels);
  });

  it.each(HOSTILE.map((value) => [shown(value), value]))('is accepted, or refused with its path: %s', (_, value) => {
    const { value: config, problems } = attempt(() => parseConfig(rule(value)));
    if (problems !== undefined) checkProblems(problems, /^channels\.a\b/);
    else checkNumbers(config, 'config');
  });
});

const LISTS = {
  keys: ['secret', 'secretFile', 'secretEnv', 'pem', 'pemFile', 'jwk', 'jwks', 'algorithm', 'kid'],
  apiKeys: ['name', 'secret', 'secretFile', 'secretEnv', 'caps'],
};

describe.each(Object.entries(LISTS).flatMap(([list, names]) => names.map((name) => [list, name])))(
  '%s[0].%s',
  (list, name) => {
    const valid = list === 'keys' ? { secret: SECRET } : { name: 'backend', secret: SECRET };
    it.each([null, ...HOSTILE].map((value) => [shown(value), value]))(
      'is accepted, or refused with its path: %s',
      (_, value) => {
        const input = { ...BASE, [list]: [{ ...valid, [name]: value }] } as ConfigInput;
        const { problems } = attempt(() => parseConfig(input, { env: {} }));
        if (problems !== undefined) checkProblems(problems, new RegExp(`^${list}\\[0\\]`));
        const alone = attempt(() => parseConfig({ ...BASE, [list]: [{ [name]: value }] } as ConfigInput, { env: {} }));
        if (alone.problems !== undefined) checkProblems(alone.problems, new RegExp(`^${list}\\[0\\]`));
      },
    );
  },
);

const TEXTS = [
  'NaN',
  'Infinity',
  '-1',
  '-5s',
  '1e3',
  '0x10',
  '1.5',
  'undefined',
  'null',
  '[]',
  '{}',
  'yes please',
  '\t',
  '999999999999999999999',
];

describe.each(OPTION_ROWS.filter(({ env }) => env !== undefined).map(({ path, env = [] }) => [path, env[0] ?? '']))(
  '%s, in the variable %s',
  (path, name) => {
    it.each(TEXTS)('is accepted, or refused with its path and source: %j', async (text) => {
      const group = path.split('.')[0] ?? '';
      const engine = ['redis', 'durable'].includes(group) ? { SLUICE_ENGINE: group } : {};
      const url =
        group !== 'redis' || path === 'redis.url' || path === 'redis.urls'
          ? {}
          : path === 'redis.sentinels'
            ? { SLUICE_REDIS_NAME: 'main' }
            : { SLUICE_REDIS: 'redis://localhost' };
      const env = { SLUICE_SECRET: SECRET, ...engine, ...url, [name]: text };
      const outcome = await load({ env, flags: {}, cwd: import.meta.dirname }).then(
        ({ config }) => ({ config, problems: undefined }),
        (error: unknown) => {
          if (!(error instanceof ConfigError)) throw error;
          return { config: undefined, problems: error.problems };
        },
      );
      if (outcome.problems === undefined) checkNumbers(outcome.config, 'config');
      else
        expect(
          outcome.problems.some((problem) => problem.includes(name) || problem.startsWith(`${path}:`)),
          outcome.problems.join('\n'),
        ).toBe(true);
    });
  },
);

describe('createGateway', () => {
  it.each([undefined, null, 5, 'sluice.yaml', [], () => ({})].map((value) => [shown(value), value]))(
    'refuses an invalid configuration: %s',
    (_, value) => {
      expect(() => createGateway(value as ConfigInput)).toThrow(ConfigError);
      expect(() => createGateway(value as ConfigInput)).toThrow(/must be an object/);
    },
  );
});

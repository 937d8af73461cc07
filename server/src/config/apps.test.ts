import { describe, expect, it } from 'vitest';
import type { ConfigInput } from './config.ts';
import { describeConfig } from './describe.ts';
import { differencesOf } from './differences.ts';
import { hintsFor } from './hints.ts';
import { APP_OPTIONS } from './options/apps.ts';
import { OPTIONS } from './options.ts';
import { ConfigError, parseConfig } from './schema.ts';

const SECRET = 'a secret of at least thirty-two bytes';
const API_KEY = 'an-API-key-that-only-tests-know';
const KEYS = { keys: [{ secret: SECRET }] };
const at = { path: '/apps/shop' };

const parse = (apps: unknown, more: object = {}) => parseConfig({ ...KEYS, ...more, apps } as ConfigInput);

function problemsOf(apps: unknown, more: object = {}): readonly string[] {
  try {
    parse(apps, more);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

const appOf = (own: object, more: object = {}) => {
  const [app] = parse({ shop: { at, ...KEYS, ...own } }, more).apps;
  if (app === undefined) throw new Error('there is no app');
  return app.config;
};

describe('apps', () => {
  it.each<[string, unknown, RegExp]>([
    ['no object', [], /^apps: must be an object\. Write names/],
    ['an app that is none', { shop: 1 }, /^apps\.shop: must be an object\. Example/],
    ['no place', { shop: KEYS }, /^apps\.shop\.at: must be an object with a path or a host\. Example/],
    [
      'two places',
      { shop: { at: { path: '/a', host: 'a.b' }, ...KEYS } },
      /^apps\.shop\.at: must be .* path or a host/,
    ],
    ['another place', { shop: { at: { port: 1 }, ...KEYS } }, /^apps\.shop\.at: must be .* path or a host/],
    [
      'a path without a slash',
      { shop: { at: { path: 'a' }, ...KEYS } },
      /^apps\.shop\.at\.path: is not a path\. Write/,
    ],
    [
      'a path that ends with a slash',
      { shop: { at: { path: '/a/' }, ...KEYS } },
      /^apps\.shop\.at\.path: is not a path/,
    ],
    ['an encoded path', { shop: { at: { path: '/%61' }, ...KEYS } }, /^apps\.shop\.at\.path: is not a path/],
    ['dots', { shop: { at: { path: '/a/../b' }, ...KEYS } }, /^apps\.shop\.at\.path: must not contain the segments/],
    [
      'a path of the gateway',
      { shop: { at: { path: '/api/a' }, ...KEYS } },
      /^apps\.shop\.at\.path: begins like a path/,
    ],
    ['a host with a port', { shop: { at: { host: 'a.b:1' }, ...KEYS } }, /^apps\.shop\.at\.host: is not a host name/],
    ['no key', { shop: { at } }, /^apps\.shop\.keys: there is none, so no token could be accepted\. Add keys/],
    ['a short key', { shop: { at, keys: [{ secret: 'x' }] } }, /^apps\.shop\.keys\[0\]\.secret: /],
    ['a wrong rule', { shop: { at, ...KEYS, channels: { a: { slow: 'x' } } } }, /^apps\.shop\.channels\.a\.slow: /],
    ['a wrong limit', { shop: { at, ...KEYS, limits: { operations: -1 } } }, /^apps\.shop\.limits\.operations: /],
    [
      'a limit of the process',
      { shop: { at, ...KEYS, limits: { maxFrame: 1024 } } },
      /^apps\.shop\.limits\.maxFrame: belongs to the process/,
    ],
    [
      'an unknown option',
      { shop: { at, ...KEYS, channel: {} } },
      /^apps\.shop\.channel: is not an option\. Did you mean "channels"/,
    ],
    ['a name with a capital letter', { Shop: { at, ...KEYS } }, /^apps\.Shop: is not the name of an app\. Use/],
    ['the name "default"', { default: { at, ...KEYS } }, /^apps\.default: means the app whose options/],
  ])('refuses %s', (_, apps, problem) => {
    expect(problemsOf(apps).filter((text) => !problem.test(text))).toEqual([]);
    expect(problemsOf(apps)).not.toEqual([]);
  });

  it.each(Object.keys(OPTIONS).filter((name) => !(name in APP_OPTIONS)))(
    'refuses "%s", which is not of an app',
    (name) => {
      expect(problemsOf({ shop: { at, ...KEYS, [name]: {} } })).toEqual([
        expect.stringMatching(new RegExp(`^apps\\.shop\\.${name}: .*\\. (?:Set|Add) `)),
      ]);
    },
  );

  it.each<[string, object, object, string | null]>([
    ['the same path', { path: '/a' }, { path: '/a' }, 'apps.two.at.path: and that of "one", /a, overlap'],
    ['a path within another', { path: '/a' }, { path: '/a/b' }, 'apps.two.at.path: and that of "one", /a, overlap'],
    ['a path around another', { path: '/a/b' }, { path: '/a' }, 'apps.two.at.path: and that of "one", /a/b, overlap'],
    ['the same host', { host: 'a.b' }, { host: 'A.B.' }, 'apps.two.at.host: is also that of "one"'],
    ['paths with the same beginning', { path: '/a' }, { path: '/ab' }, null],
    ['a path and a host', { path: '/a' }, { host: 'a.b' }, null],
  ])('checks the places of two apps: %s', (_, one, two, problem) => {
    const found = problemsOf({ one: { at: one, ...KEYS }, two: { at: two, ...KEYS } });
    expect(found).toEqual(problem === null ? [] : [expect.stringContaining(problem)]);
  });

  it('refuses several workers, and more than 256 apps', () => {
    expect(problemsOf({ shop: { at, ...KEYS } }, { workers: 2 })).toEqual([
      expect.stringMatching(/^apps: cannot be combined with several workers\. Set workers: 1/),
    ]);
    const many = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (__, n) => [`a${n}`, { at: { path: `/a${n}` }, ...KEYS }]));
    expect(problemsOf(many(256))).toEqual([]);
    expect(problemsOf(many(257))).toEqual([expect.stringMatching(/^apps: has more than 256 apps\. Use several/)]);
  });

  it('names the file', () => {
    const read = () =>
      parseConfig({ ...KEYS, apps: { shop: { at } } } as ConfigInput, { source: (path) => `/${path.join('/')}` });
    expect(read).toThrow('(from /apps/shop/keys)');
  });

  it('inherit limits and "console" from the default app, and nothing else', () => {
    const main = {
      ...{ issuer: 'main', audience: 'main', anonymous: true, origins: ['https://main.example'], sseCookie: 'main' },
      ...{ console: 'off', schedules: {}, channels: { a: {} }, apiKeys: [{ name: 'main', secret: API_KEY }] },
      ...{ maxTokenLife: '1h', clockTolerance: '1s', limits: { operations: 7, maxFrame: '64KiB' } },
    };
    const config = appOf({ limits: { subscriptions: 3 } }, main);
    expect(config).toMatchObject({
      console: 'off',
      anonymous: false,
      origins: [],
      channels: [],
      apiKeys: [],
      apps: [],
    });
    expect(config).toMatchObject({ clockTolerance: 5_000, limits: { subscriptions: 3, maxFrame: 65_536 } });
    expect(config.limits.operations?.perSecond).toBe(7);
    for (const name of ['issuer', 'audience', 'sseCookie', 'schedules']) expect(config).not.toHaveProperty(name);
    expect(appOf({ console: 'write', schedules: {} }, main)).toMatchObject({ console: 'write', schedules: [] });
  });

  it('have a place of their own in the engine', () => {
    expect(appOf({}, { engine: 'durable', durable: { data: '/d', maxSize: '1GiB' } }).durable).toEqual({
      data: '/d/apps/shop',
      maxSize: 1024 ** 3,
    });
    const redis = appOf({}, { engine: 'redis', redis: { url: 'redis://localhost', prefix: 'p:' } }).redis;
    expect(redis?.prefix).toBe('p:app:shop:');
  });

  it('have keys of their own in development, which a reload keeps', () => {
    const input = { apps: { shop: { at } }, dev: true } as const;
    const config = parseConfig(input, { env: {} });
    const [shop] = config.apps;
    expect(shop?.config.devSecret).toMatch(/^.{43}$/);
    expect(shop?.config.devSecret).not.toBe(config.devSecret);
    const again = parseConfig(input, { env: {}, invented: config });
    expect(again.apps[0]?.config).toMatchObject({
      devSecret: shop?.config.devSecret,
      devApiKey: shop?.config.devApiKey,
    });
  });

  it('are described without secrets, and without the options of the process', () => {
    const described = describeConfig(parse({ shop: { at, ...KEYS, apiKeys: [{ name: 'b', secret: API_KEY }] } }));
    expect(JSON.stringify(described)).not.toMatch(`${SECRET}|${API_KEY}`);
    const { shop } = described.apps as Record<string, Record<string, unknown>>;
    expect(shop).toMatchObject({ at, keys: [{ secret: '(hidden)' }], limits: { operations: 200 } });
    for (const name of ['port', 'engine', 'node', 'log', 'dev']) expect(shop).not.toHaveProperty(name);
    expect(shop?.limits).not.toHaveProperty('maxFrame');
    expect(describeConfig(parse({}))).not.toHaveProperty('apps');
  });

  it('are part of the hints', () => {
    expect(hintsFor(parse({ shop: { at, ...KEYS, channels: { a: {} } } }))).toEqual([
      expect.stringMatching(/^apps\.shop\.channels\.a: permits nothing/),
    ]);
  });

  it('are compared, each with itself', () => {
    const blog = { blog: { at: { host: 'blog.example' }, ...KEYS } };
    const before = parse({ ...blog, shop: { at, ...KEYS } });
    const next = parse(
      {
        shop: { at: { path: '/shop' }, keys: [{ secret: `${SECRET}!` }], origins: '*', channels: { a: {} } },
        more: { at, ...KEYS },
      },
      { limits: { maxFrame: '64KiB', connectionRate: 3 } },
    );
    expect(differencesOf(before, next)).toEqual({
      changes: ['limits.connectionRate: 0 → 3', 'apps.shop: channels: added "a"', 'apps.shop: keys: changed'],
      restart: ['limits.maxFrame', 'apps.blog', 'apps.shop.at', 'apps.shop.origins', 'apps.more'],
    });
    expect(differencesOf(before, before)).toEqual({ changes: [], restart: [] });
  });
});

import { describe, expect, it } from 'vitest';
import { BRIDGE_SYSTEMS } from './bridges/bridge-systems.ts';
import type { ConfigInput } from './config.ts';
import { rowsOf } from './options/option.ts';
import { OPTIONS } from './options.ts';
import { formatPath, type Path } from './problems.ts';
import { ConfigError, parseConfig } from './schema.ts';

const SECRET = '0123456789abcdef0123456789abcdef';
const KEYS = [{ key: `whsec_${Buffer.alloc(32).toString('base64')}` }];

/** A bridge in each direction of each system, with every object that it can have. */
const BRIDGES: Readonly<Record<string, { readonly connection: object; readonly from: object; readonly to: object }>> = {
  redis: { connection: { url: 'redis://h' }, from: { streams: ['s'] }, to: { stream: 's' } },
  kafka: { connection: { brokers: 'h' }, from: { topics: 't' }, to: { topic: 't' } },
  nats: { connection: { url: 'nats://h' }, from: { stream: 's' }, to: { subject: 's' } },
  rabbitmq: { connection: { url: 'amqp://h' }, from: { queue: 'q' }, to: {} },
  activemq: { connection: { url: 'amqp://h' }, from: { queue: 'q' }, to: { address: 'q' } },
  sqs: { connection: {}, from: { queue: 'q' }, to: { queue: 'q' } },
  pubsub: { connection: { project: 'p' }, from: { subscription: 's' }, to: { topic: 't' } },
  zeromq: { connection: { url: 'tcp://a:1' }, from: { socket: 'pull' }, to: { socket: 'push' } },
  postgres: { connection: { url: 'postgres://h/d' }, from: {}, to: {} },
};

const bridges = Object.fromEntries(
  Object.entries(BRIDGES).flatMap(([system, { connection, from, to }]) => [
    [
      `${system}-in`,
      { [system]: connection, from, to: { channel: 'audit', tags: { a: 'b' } }, poison: { deadLetter: 'audit' } },
    ],
    [`${system}-out`, { [system]: connection, from: { channel: 'audit' }, to }],
  ]),
);

const rule = {
  allow: { subscribe: 'users' },
  history: { count: 10 },
  presence: { grace: '5s' },
  requests: { timeout: '5s' },
  schedule: { max: 10 },
  ttl: { max: '1d' },
  groups: { g: { ackTimeout: '1m' } },
};

/** A configuration with every object that has options. */
const CONFIG: Readonly<Record<string, unknown>> = {
  keys: [{ secret: SECRET }, { jwk: { kty: 'oct', k: Buffer.from(SECRET).toString('base64url') }, algorithm: 'HS256' }],
  apiKeys: [{ name: 'backend', secret: SECRET, caps: { '**': ['publish'] } }],
  channels: {
    audit: rule,
    work: { allow: { consume: 'users' }, queue: { ackTimeout: '1m' } },
    filtered: { history: true, only: { tags: { team: 'claim:teams' } } },
    bound: { bind: [{ channel: 'filtered', where: { event: 'a' } }] },
  },
  schedules: { daily: { channel: 'audit', cron: '0 9 * * *', tags: { a: 'b' } } },
  hooks: { h: { url: 'https://example.com', on: ['connect'], keys: KEYS } },
  webhooks: {
    w: { url: 'https://example.com', events: ['user.*'], keys: KEYS, where: { event: 'a' }, keep: { count: 1000 } },
  },
  bridges,
  limits: { maxFrame: '1MiB' },
  log: { level: 'info' },
  apps: {
    shop: {
      at: { path: '/apps/shop' },
      keys: [{ secret: SECRET }],
      channels: { a: rule },
      limits: { subscriptions: 10 },
    },
  },
};

function problemsOf(input: unknown): readonly string[] {
  try {
    parseConfig(input as ConfigInput, { env: {} });
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

/** The paths of all objects within. */
function objectsIn(value: unknown, path: Path = []): readonly Path[] {
  if (typeof value !== 'object' || value === null) return [];
  const within = Object.entries(value).flatMap(([name, inner]) =>
    objectsIn(inner, [...path, Array.isArray(value) ? Number(name) : name]),
  );
  return Array.isArray(value) || path.length === 0 ? within : [path, ...within];
}

/** A copy with another value at a path. */
function withAt(value: unknown, [step, ...rest]: Path, inner: unknown): unknown {
  if (step === undefined) return inner;
  const copy = Array.isArray(value) ? [...value] : { ...(value as object) };
  const at = copy as Record<PropertyKey, unknown>;
  at[step] = withAt(at[step], rest, inner);
  return copy;
}

/** Where a text is right as well: a pattern instead of a binding, and what `poison` may be. */
const MAY_BE_TEXT = /\.bind\[0\]$/;

describe('every object of a configuration', () => {
  const paths = objectsIn(CONFIG);

  it('is right in the configuration of this test', () => {
    expect(problemsOf(CONFIG)).toEqual([]);
  });

  it('of every system and every section is in it', () => {
    expect(Object.keys(BRIDGES).sort()).toEqual(Object.keys(BRIDGE_SYSTEMS).sort());
    const sections = new Set(rowsOf(OPTIONS).flatMap(({ path }) => (path.includes('.') ? [path.split('.')[0]] : [])));
    const engines = ['durable', 'redis'];
    const given = new Set([...paths.map(([name]) => name), ...engines]);
    expect([...sections].filter((name) => !given.has(name))).toEqual([]);
  });

  it.each(paths.map((path): [string, Path] => [formatPath(path), path]))(
    'refuses a text or a list: %s',
    (name, path) => {
      for (const other of ['my_table', ['my_table'], 7, true]) {
        const problems = problemsOf(withAt(CONFIG, path, other));
        const isRight =
          (typeof other === 'string' && MAY_BE_TEXT.test(name)) ||
          (other === true && /\.(?:history|queue)$/.test(name));
        if (isRight) continue;
        expect(problems.length, `${name}: ${JSON.stringify(other)}`).toBeGreaterThan(0);
        const isNamed = problems.some((problem) => problem.startsWith(name) || problem.includes(String(path.at(-1))));
        expect(isNamed, problems.join('\n')).toBe(true);
      }
    },
  );
});

describe.each(['durable', 'redis'])('%s', (name) => {
  it.each(['text', ['a'], 7, true])('is an object, and not %j', (value) => {
    expect(problemsOf({ anonymous: true, [name]: value })).toEqual([
      expect.stringMatching(new RegExp(`^${name}: must be an object\\. Its options are \\w+, `)),
    ]);
  });
});

describe('a bridge', () => {
  const b = (bridge: object) =>
    problemsOf({ anonymous: true, channels: { audit: { history: true } }, bridges: { b: bridge } });
  const postgres = { url: 'postgres://h/d' };

  it.each<[string, object, string]>([
    [
      'an outbox',
      { postgres, from: 'my_outbox', to: { channel: 'audit' } },
      'bridges.b.from: must be an object. Its options are table, poll',
    ],
    [
      'a table',
      { postgres, from: { channel: 'audit' }, to: 'my_table' },
      'bridges.b.to: must be an object. Its options are table, envelope',
    ],
    [
      'a connection',
      { sqs: 'eu-central-1', from: { queue: 'q' }, to: { channel: 'audit' } },
      'bridges.b.sqs: must be an',
    ],
    [
      'a URL',
      { redis: 'redis://user:hush@h', from: { streams: ['s'] }, to: { channel: 'audit' } },
      'bridges.b.redis: must',
    ],
  ])('says what the options of %s are', (_, bridge, problem) => {
    expect(b(bridge)).toEqual([expect.stringContaining(problem)]);
    expect(b(bridge).join()).not.toContain('hush');
  });
});

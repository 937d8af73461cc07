import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { WILDCARD_VERBS } from '../auth/identity.ts';
import type { ChannelInput, ConfigInput } from './config.ts';
import { ConfigError, type ParseOptions, parseConfig } from './schema.ts';

const directory = mkdtempSync(join(tmpdir(), 'sluice-schema-'));
afterAll(() => rmSync(directory, { recursive: true }));

const SECRET = '0123456789abcdef0123456789abcdef';
const KEYS = { keys: [{ secret: SECRET }] };
const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const PEM = publicKey.export({ type: 'spki', format: 'pem' }).toString();
writeFileSync(join(directory, 'key.pem'), PEM);
writeFileSync(join(directory, 'secret.txt'), `${SECRET}\n`);

const parse = (input: unknown, options: ParseOptions = {}) =>
  parseConfig(input as ConfigInput, { directory, env: { MY_SECRET: SECRET, EMPTY: '' }, terminal: false, ...options });

function problemsOf(input: unknown, options: ParseOptions = {}): readonly string[] {
  try {
    parse(input, options);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

const withKeys = (input: object) => ({ ...KEYS, ...input });
const channel = (rule: unknown, pattern = 'chat:{room}') => withKeys({ channels: { [pattern]: rule } });
const ruleOf = (rule: ChannelInput) => parse(channel(rule)).channels[0];

describe('defaults', () => {
  it('are complete if only a key is given', () => {
    expect(parse(KEYS)).toEqual({
      apps: [],
      host: '0.0.0.0',
      port: 8080,
      path: '/ws',
      dev: false,
      origins: [],
      allowedHosts: [],
      keys: [{ secret: SECRET, algorithm: 'HS256' }],
      clockTolerance: 5000,
      maxTokenLife: 3660 * 86_400_000,
      rememberedTokens: 10_000,
      anonymous: false,
      sse: true,
      apiKeys: [],
      engine: 'memory',
      channels: [],
      hooks: [],
      webhooks: [],
      privateTargets: [],
      bridges: [],
      limits: {
        maxFrame: 131_072,
        outbound: 1_048_576,
        subscriptions: 1000,
        requests: 100,
        operations: { perSecond: 200, burst: 3100 },
        bytes: { perSecond: 262_144, burst: 2_621_440 },
        filters: 10_000,
        connectionsPerUser: 100,
        connectionsPerAddress: 0,
        connectionRate: null,
        connectionRatePerAddress: null,
        unauthenticated: 67_108_864,
      },
      trustProxy: false,
      console: 'read',
      heartbeat: 25_000,
      connectTimeout: 5000,
      tokenGrace: 10_000,
      tracing: false,
      drain: 10_000,
      drainPace: 500,
      node: expect.any(String),
      workers: 1,
      log: { level: 'info', format: 'json', decisions: 10_000 },
    });
  });

  it('need no key if anonymous connections are allowed', () => {
    expect(parse({ anonymous: true }).keys).toEqual([]);
  });

  it('return a parsed configuration unchanged, and check a copy of it again', () => {
    const config = parse(KEYS);
    expect(parse(config)).toBe(config);
    expect(problemsOf({ ...config })).not.toEqual([]);
  });
});

describe('development', () => {
  it('listens on this machine only, and generates missing keys', () => {
    const config = parse({ dev: true });
    expect(config.host).toBe('127.0.0.1');
    expect(config.keys).toEqual([{ secret: config.devSecret, algorithm: 'HS256' }]);
    expect(config.apiKeys).toEqual([{ name: 'dev', secret: config.devApiKey }]);
    expect(parse({ dev: true }).devSecret).not.toBe(config.devSecret);
  });

  it('keeps the given host, keys and channels', () => {
    const apiKeys = [{ name: 'b', secret: SECRET }];
    const config = parse(withKeys({ dev: true, host: '0.0.0.0', apiKeys, channels: { a: {} } }));
    expect(config).toMatchObject({ host: '0.0.0.0', apiKeys });
    expect(config.channels.map(({ pattern }) => pattern.source)).toEqual(['a']);
    expect(config).not.toHaveProperty('devSecret');
    expect(config).not.toHaveProperty('devApiKey');
  });

  it('opens every channel to every user if there are no rules', () => {
    const [rule] = parse({ dev: true }).channels;
    expect(rule).toMatchObject({ pattern: { source: '**' }, allow: { publish: [{ kind: 'users' }] }, slow: 'replay' });
  });

  it('logs in pretty format on a terminal, and in JSON elsewhere', () => {
    expect(parse({ dev: true }, { terminal: true }).log.format).toBe('pretty');
    expect(parse({ dev: true }).log.format).toBe('json');
    expect(parse(KEYS, { terminal: true }).log.format).toBe('json');
  });
});

describe('channel rules', () => {
  it('have defaults that depend on history', () => {
    const common = { allow: {}, from: true, maxPayload: 65_536, dedupe: 300_000, coalesce: 0 };
    expect(ruleOf({})).toMatchObject({ ...common, history: null, slow: 'drop' });
    expect(ruleOf({ history: true })).toMatchObject({
      ...common,
      history: { count: 1000, age: 86_400_000 },
      slow: 'replay',
    });
  });

  it.each<[ChannelInput['history'], unknown]>([
    [false, null],
    [{ count: 5 }, { count: 5, age: 86_400_000 }],
    [{ age: '7d' }, { count: 1000, age: 604_800_000 }],
    [{}, { count: 1000, age: 86_400_000 }],
  ])('read history %j as %j', (history, expected) => {
    expect(ruleOf({ history: history ?? false })?.history).toEqual(expected);
  });

  it('accept one grant or a list, and "*" for the verbs that it stands for', () => {
    const mayRead = () => true;
    const allow = ruleOf({
      allow: { subscribe: 'users', publish: ['owner:{room}', mayRead], '*': 'role:admin' },
    })?.allow;
    const admin = { kind: 'role', role: 'admin' };
    expect(Object.keys(allow ?? {}).sort()).toEqual([...WILDCARD_VERBS].sort());
    expect(allow).toMatchObject({
      subscribe: [{ kind: 'users' }, admin],
      publish: [{ kind: 'owner', param: 'room' }, { kind: 'function', decide: mayRead }, admin],
      enter: [admin],
    });
  });

  it('are sorted, the most specific first', () => {
    const channels = { '**': {}, '{a}:x': {}, 'chat:{room}': {}, 'chat:lobby': {}, 'chat:**': {} };
    const order = parse(withKeys({ channels })).channels.map(({ pattern }) => pattern.source);
    expect(order).toEqual(['chat:lobby', 'chat:{room}', 'chat:**', '{a}:x', '**']);
  });

  it('have the given presence options', () => {
    expect(ruleOf({})?.presence).toEqual({ grace: 5000, interval: 500, listUpTo: 500, state: 1024 });
    expect(ruleOf({ presence: { grace: 0, listUpTo: 3 } })?.presence).toMatchObject({
      grace: 0,
      listUpTo: 3,
      state: 1024,
    });
  });

  it.each<[ChannelInput, object]>([
    [{}, { latestBy: null, rate: null }],
    [{ slow: 'latest', latestBy: 'from' }, { latestBy: { kind: 'from' } }],
    [{ slow: 'latest', latestBy: 'tag:a:b' }, { latestBy: { kind: 'tag', tag: 'a:b' } }],
    [{ rate: 3 }, { rate: { perSecond: 3, burst: 15 } }],
  ])('read %j as %j', (rule, expected) => {
    expect(ruleOf(rule)).toMatchObject(expected);
  });

  it('limit payloads to the size of a frame, if frames are limited', () => {
    expect(parse({ ...channel({}), limits: { maxFrame: '32KiB' } }).channels[0]?.maxPayload).toBe(32_768);
  });
});

describe('limits', () => {
  it.each<[ConfigInput['limits'], object]>([
    [
      { operations: 0, bytes: 0 },
      { operations: null, bytes: null },
    ],
    [{ operations: 1000 }, { operations: { perSecond: 1000, burst: 10_000 } }],
    [{ operations: 1, subscriptions: 10 }, { operations: { perSecond: 1, burst: 130 } }],
    [{ bytes: '1KiB' }, { bytes: { perSecond: 1024, burst: 10_240 } }],
  ])('read %j as %j', (limits, expected) => {
    expect(parse(withKeys({ limits })).limits).toMatchObject(expected);
  });
});

describe('keys', () => {
  const jwk = { ...publicKey.export({ format: 'jwk' }), alg: 'ES256', kid: 'k1' };
  it.each<[string, object, object]>([
    ['a secret', { secret: SECRET, kid: 'a' }, { secret: SECRET, algorithm: 'HS256', kid: 'a' }],
    ['a secret in a file', { secretFile: 'secret.txt' }, { secret: SECRET, algorithm: 'HS256' }],
    ['a secret in the environment', { secretEnv: 'MY_SECRET' }, { secret: SECRET, algorithm: 'HS256' }],
    ['a PEM', { pem: PEM, algorithm: 'ES256' }, { pem: PEM, algorithm: 'ES256' }],
    ['a PEM in a file', { pemFile: 'key.pem', algorithm: 'ES256' }, { pem: PEM.trim(), algorithm: 'ES256' }],
    ['a JWK', { jwk }, { jwk, algorithm: 'ES256', kid: 'k1' }],
    [
      'a JWKS URL',
      { jwks: 'https://a.test/jwks', algorithms: ['RS256'] },
      { jwks: 'https://a.test/jwks', algorithms: ['RS256'] },
    ],
    [
      'a JWKS URL of this machine',
      { jwks: 'http://localhost:1/', algorithms: ['EdDSA'] },
      { jwks: 'http://localhost:1/', algorithms: ['EdDSA'] },
    ],
  ])('can be %s', (_, key, expected) => {
    expect(parse({ keys: [key] }).keys).toEqual([expected]);
  });

  it('of APIs can come from a file or the environment', () => {
    const apiKeys = [
      { name: 'a', secretEnv: 'MY_SECRET' },
      { name: 'b', secretFile: 'secret.txt', caps: { 'chat:*': ['publish'] } },
    ];
    expect(parse(withKeys({ apiKeys })).apiKeys).toEqual([
      { name: 'a', secret: SECRET },
      { name: 'b', secret: SECRET, caps: { 'chat:*': ['publish'] } },
    ]);
  });
});

const OUT_OF_PORTS = 'port: must be a whole number. Choose from 0 to 65535';
const NO_DURATION = 'is not a duration. Write milliseconds, or "5s", "10m", "24h", "7d"';

describe('problems', () => {
  it.each<[unknown, string]>([
    [{ prot: 1 }, 'prot: is not an option. Did you mean "port"?'],
    [{ banana: 1 }, 'banana: is not an option. Known here: host, port, httpPort, dev,'],
    [{ limits: { maxFrames: 1 } }, 'limits.maxFrames: is not an option. Did you mean "maxFrame"?'],
    [{ limits: 5 }, 'limits: must be an object. Its options are maxFrame, outbound, subscriptions'],
    [{ log: { level: 'loud' } }, 'log.level: is not one of the known values. Choose trace, debug, info'],
    [{ port: 70_000 }, OUT_OF_PORTS],
    [{ port: '80' }, OUT_OF_PORTS],
    [{ port: 1.5 }, OUT_OF_PORTS],
    [{ dev: 'yes' }, 'dev: must be true or false. Write it without quotes'],
    [{ drain: 'soon' }, `drain: ${NO_DURATION}`],
    [{ drain: null, heartbeat: true }, `heartbeat: ${NO_DURATION}`],
    [{ drain: '2h' }, 'drain: is out of range. Choose from 0ms to 1h'],
    [{ limits: { outbound: '1MB' } }, 'limits.outbound: is not a size. Write bytes, or "64KiB", "1MiB"'],
    [{ limits: { operations: -1 } }, 'limits.operations: must be a whole number. Choose from 0'],
    [{ limits: { bytes: 'much' } }, 'limits.bytes: is not a size'],
    [{ limits: { connectionsPerUser: 'all' } }, 'limits.connectionsPerUser: must be a whole number'],
    [{ trustProxy: 1 }, 'trustProxy: must be true or false'],
    [
      { apiKeys: [{ name: 'a', secret: 'white space is not for headers' }] },
      'apiKeys[0]: the secret must not contain whitespace or non-ASCII characters',
    ],
    [{ limits: { outbound: 5 } }, 'limits.outbound: is out of range. Choose from 64KiB to 256MiB'],
    [{ limits: { outbound: '63KiB' } }, 'limits.outbound: is out of range. Choose from 64KiB to 256MiB'],
    [
      { origins: ['https://a.test/'] },
      'origins[0]: has a slash at its end, which no origin has. Write "https://a.test"',
    ],
    [{ origins: 5 }, 'origins: must be a list of origins'],
    [{ static: './nowhere' }, `static: there is no folder ${join(directory, 'nowhere')}. Build it first`],
    [{ engine: 'disk' }, 'engine: is not one of the known values. Choose memory, durable, redis'],
    [{ engine: 'durable' }, 'durable.data: is missing: the durable engine needs a folder for its files'],
    [
      { engine: 'durable', durable: { data: 'x', maxSize: '1KiB' } },
      'durable.maxSize: is out of range. Choose from 1MiB',
    ],
    [{ durable: { folder: 'x' } }, 'durable.folder: is not an option'],
    [{ engine: 'redis' }, 'redis.url: there is none, and the engine "redis" needs one. Do one of these:'],
    [
      { engine: 'redis', redis: { url: 'localhost' } },
      'redis.url: is not the URL of a Redis: it must begin with "redis://"',
    ],
    [
      { engine: 'redis', redis: { url: 'redis://user:12?ss@h' } },
      'redis.url: is not a URL. In user and password, write "#"',
    ],
    [
      { engine: 'redis', redis: { urls: ['redis://h', 'redis://u:1%@i'] } },
      'redis.urls[1]: has a "%" that encodes nothing',
    ],
    [{ engine: 'redis', redis: { url: 'redis://' } }, 'redis.url: names no host'],
    [{ engine: 'redis', redis: { url: 'redis://h/orders' } }, 'redis.url: has a path, which must be the number'],
    [
      { engine: 'redis', redis: { sentinels: ['redis://one'], name: 'm' } },
      'redis.sentinels[0]: must be a host without',
    ],
    [{ engine: 'redis', redis: { sentinels: ['one:port'], name: 'm' } }, 'redis.sentinels[0]: must be a host, perhaps'],
    [
      { engine: 'redis', redis: { url: 'redis://a', urls: ['redis://b'] } },
      'redis: has more than one way to reach Redis. Keep one of url, urls and sentinels',
    ],
    [{ engine: 'redis', redis: { urls: ['redis://a', 'redis://a'] } }, 'redis.urls: names a Redis twice'],
    [{ engine: 'redis', redis: { sentinels: ['one'] } }, 'redis.name: is needed with sentinels'],
    [
      { engine: 'redis', redis: { url: 'redis://a', sentinelPassword: 'x' } },
      'redis.sentinelPassword: is only for sentinels, and none are configured',
    ],
    [{ engine: 'redis', redis: { url: 'redis://a', prefix: '{x}' } }, 'redis.prefix: must not contain braces'],
    [{ engine: 'redis', redis: { url: 'redis://a', ca: 'nowhere.pem' } }, 'redis.ca: cannot be read: '],
    [{ issuer: 5 }, 'issuer: must be an issuer, or a list of them'],
    [{ channels: [] }, 'channels: must be an object. Write patterns like "chat:{room}" and their rules'],
    [{ keys: 'secret' }, 'keys: must be a list. Example:'],
  ])('%j: %s', (input, problem) => {
    const problems = problemsOf({ ...KEYS, ...(input as object) });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(problem);
  });

  it.each<[unknown, string]>([
    [5, 'channels["chat:{room}"]: must be an object'],
    [{ histroy: true }, 'channels["chat:{room}"].histroy: is not an option. Did you mean "history"?'],
    [{ history: 'yes' }, '.history: must be true, false, or an object. Example: { count: 1000, age: 24h }'],
    [{ history: { count: 0 } }, '.history.count: must be a whole number. Choose from 1'],
    [{ history: { cuont: 5 } }, '.history.cuont: is not an option. Did you mean "count"?'],
    [{ slow: 'replay' }, '.slow: "replay" needs history. Add "history", or choose latest, drop or disconnect'],
    [{ latestBy: 'from' }, '.latestBy: goes with slow: latest. Add "slow: latest"'],
    [{ slow: 'latest', latestBy: 'tag:' }, '.latestBy: must be "from" or "tag:<name>". Example: "tag:symbol"'],
    [{ slow: 'latest', latestBy: 'from', from: false }, '.latestBy: "from" needs messages that name their publisher'],
    [{ rate: 0 }, '.rate: must be a whole number. Choose from 1'],
    [{ presence: true }, '.presence: must be an object. Example: { grace: 5s, listUpTo: 500 }'],
    [{ presence: { grase: 1 } }, '.presence.grase: is not an option. Did you mean "grace"?'],
    [{ presence: { listUpTo: 1001 } }, '.presence.listUpTo: must be a whole number. Choose from 0 to 1000'],
    [{ slow: 'never' }, '.slow: is not one of the known values. Choose replay, latest, drop, disconnect'],
    [{ maxPayload: '1MiB' }, '.maxPayload: is larger than the largest frame. Raise limits.maxFrame too'],
    [{ allow: 'users' }, '.allow: must be an object. Write verbs and their grants'],
    [{ allow: { publsh: 'users' } }, '.allow.publsh: is not a verb. Did you mean "publish"?'],
    [{ allow: { publish: 'user' } }, '.allow.publish: "user" is not a grant; grants are anyone, users,'],
    [{ allow: { publish: true } }, '.allow.publish: must be a grant or a list of grants'],
    [
      { allow: { publish: 'owner:{id}' } },
      '.allow.publish: "owner:{id}" uses {id}, but the pattern "chat:{room}" has {room}',
    ],
  ])('of a rule %j: %s', (rule, problem) => {
    const problems = problemsOf(channel(rule));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(problem);
  });

  it('name an invalid pattern', () => {
    expect(problemsOf(channel({}, 'a::b'))[0]).toContain('channels["a::b"]: "a::b": segment ""');
  });

  it('name rules that are equally specific', () => {
    const channels = { 'chat:{room}': {}, 'chat:{id}': {} };
    expect(problemsOf(withKeys({ channels }))).toEqual([
      'channels["chat:{id}"]: matches the same channels as "chat:{room}", and neither is more specific. Make one rule of them',
    ]);
  });

  it.each<[unknown, string]>([
    [
      { secret: 'short' },
      'keys[0].secret: the secret has 5 bytes, HS256 needs at least 32. Make one with: openssl rand',
    ],
    [{ secret: SECRET, algorithm: 'HS512' }, 'keys[0].secret: the secret has 32 bytes, HS512 needs at least 64'],
    [
      { secret: SECRET, algorithm: 'RS256' },
      'keys[0].algorithm: is not one of the known values. Choose HS256, HS384, HS512',
    ],
    [{ secret: PEM }, 'keys[0].secret: the secret is a PEM; write it as "pem"'],
    [{ secret: SECRET, kidd: 'a' }, 'keys[0].kidd: is not an option. Did you mean "kid"?'],
    [{ secretEnv: 'NOT_SET' }, 'keys[0].secretEnv: the environment variable NOT_SET is not set'],
    [{ secretEnv: 'EMPTY' }, 'keys[0].secretEnv: the environment variable EMPTY is not set'],
    [{ secretFile: 'none.txt' }, `keys[0].secretFile: the file ${join(directory, 'none.txt')} does not exist`],
    [{ pem: PEM }, 'keys[0].algorithm: is not one of the known values. Choose RS256'],
    [{ pem: PEM, algorithm: 'RS256' }, 'keys[0].pem: RS256 needs an RSA key, this is ec. Check key and algorithm'],
    [{ pemFile: 'secret.txt', algorithm: 'RS256' }, 'keys[0].pemFile: the PEM cannot be read'],
    [{ jwk: publicKey.export({ format: 'jwk' }) }, 'keys[0].algorithm: is required, because the JWK has no alg'],
    [{ jwks: 'http://a.test/', algorithms: ['RS256'] }, 'keys[0].jwks: must be an https URL'],
    [{ jwks: 'https://a.test/' }, 'keys[0].algorithms: is required. Write a list like [RS256]'],
    [{ jwks: 'https://a.test/', algorithms: ['HS256'] }, 'keys[0].algorithms[0]: is not one of the known values'],
    [{ jwks: 'https://a.test/', algorithms: [] }, 'keys[0].algorithms: is empty. Name at least one'],
    [
      { kid: 'a' },
      'keys[0]: must have exactly one of secret, secretFile, secretEnv, pem, pemFile, jwk, jwks. It has none',
    ],
    [{ secret: SECRET, pem: PEM }, 'It has secret and pem'],
    ['secret', 'keys[0]: must have exactly one of'],
  ])('of a key (%#)', (key, problem) => {
    const problems = problemsOf({ keys: [key] });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(problem);
  });

  it.each<[unknown, string]>([
    [{ name: 'a', secret: 'short' }, 'apiKeys[0]: the secret has fewer than 16 bytes'],
    [{ name: 'a' }, 'apiKeys[0]: must have exactly one of secret, secretFile, secretEnv'],
    [{ name: 'a', secret: SECRET, caps: { a: ['write'] } }, 'apiKeys[0].caps: caps["a"]: "write" is not a verb'],
    [{ secret: SECRET }, 'apiKeys[0].name: must be a name that identifies the key'],
    ['key', 'apiKeys[0]: must be an object'],
  ])('of an API key (%#)', (key, problem) => {
    const problems = problemsOf(withKeys({ apiKeys: [key] }));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(problem);
  });

  it('name API keys with the same name', () => {
    const apiKeys = [
      { name: 'a', secret: SECRET },
      { name: 'a', secret: `${SECRET}2` },
    ];
    expect(problemsOf(withKeys({ apiKeys }))).toEqual([
      'apiKeys[1].name: "a" names two keys. Give each key its own name',
    ]);
  });

  it('show three ways to configure a key if there is none', () => {
    for (const input of [{}, { keys: [] }, { keys: null }]) {
      const [problem, ...others] = problemsOf(input);
      expect(others).toEqual([]);
      for (const way of ['keys: there is none', 'secretEnv', 'SLUICE_SECRET', '--dev', 'anonymous'])
        expect(problem).toContain(way);
    }
  });

  it('are reported all at once, each with the source of the value', () => {
    const source = (path: readonly PropertyKey[]) => (path[0] === 'port' ? 'SLUICE_PORT' : 'sluice.yaml');
    expect(problemsOf(withKeys({ port: -1, drain: 'x' }), { source })).toEqual([
      `${OUT_OF_PORTS} (from SLUICE_PORT)`,
      `drain: ${NO_DURATION} (from sluice.yaml)`,
    ]);
  });

  it('of one object are reported all at once, including those of valid fields in combination', () => {
    const rule = { slo: 'drop', slow: 'replay', rate: 0, allow: { fly: 'users' } };
    expect(problemsOf(withKeys({ channels: { a: rule } } as object))).toEqual([
      expect.stringContaining('channels.a.rate: '),
      'channels.a.slo: is not an option. Did you mean "slow"?',
      expect.stringContaining('channels.a.slow: "replay" needs history'),
      expect.stringContaining('channels.a.allow.fly: is not a verb'),
    ]);
  });

  it('never contain a secret', () => {
    const secret = 'hush-hush';
    const input = { keys: [{ secret }, { pem: secret, algorithm: 'RS256' }], apiKeys: [{ name: 'a', secret }] };
    const problems = problemsOf(input);
    expect(problems).toHaveLength(3);
    expect(problems.join()).not.toContain(secret);
  });
});

import { describe, expect, it } from 'vitest';
import type { CHANNEL_OPTIONS } from './channel-options.ts';
import { describeConfig } from './describe.ts';
import { type ConfigInput, parseConfig } from './schema.ts';

const SECRET = '0123456789abcdef0123456789abcdef';

describe('describeConfig', () => {
  it('writes units and grants as in a file', () => {
    const channels = { 'chat:{room}': { allow: { publish: 'claim:rooms:{room}' }, history: { age: '7d' } } } as const;
    expect(describeConfig(parseConfig({ keys: [{ secret: SECRET }], channels }))).toMatchObject({
      keys: [{ secret: '(hidden)', algorithm: 'HS256' }],
      limits: { maxFrame: '128KiB', outbound: '1MiB' },
      drain: '10s',
      channels: { 'chat:{room}': { allow: { publish: ['claim:rooms:{room}'] }, history: { count: 1000, age: '7d' } } },
    });
  });

  it('writes a configuration that parses to the same configuration', () => {
    const channels = {
      'a:{b}': {
        allow: { '*': 'users' },
        slow: 'latest',
        latestBy: 'tag:symbol',
        rate: 7,
        presence: { grace: '1m', listUpTo: 3 },
      },
      c: { history: true },
    } as const;
    const config = parseConfig({
      anonymous: true,
      trustProxy: true,
      limits: { operations: 0, bytes: '1KiB' },
      channels,
    });
    expect(parseConfig(describeConfig(config))).toEqual(config);
  });

  it('shows the filters of rules', () => {
    const channels = {
      'a:{b}': {},
      all: { bind: ['a:*', { channel: 'a:x', where: { tags: { level: ['error', 'fatal'] } } }], history: true },
      c: { only: { event: ['e', 'claim:events'], from: 'system', tags: { team: 'claim:teams', size: { gte: 3 } } } },
    } as const;
    const config = parseConfig({ anonymous: true, channels });
    expect(describeConfig(config).channels).toMatchObject({
      all: { bind: channels.all.bind },
      c: { only: { ...channels.c.only, tags: { team: ['claim:teams'], size: { gte: 3 } } } },
    });
    expect(parseConfig(describeConfig(config))).toEqual(config);
  });

  // Each option of a channel with a value that is not the default, and what it needs besides.
  const OPTIONS: Readonly<Record<keyof typeof CHANNEL_OPTIONS, object>> = {
    allow: { allow: { subscribe: 'users' } },
    history: { history: true },
    from: { from: false },
    slow: { slow: 'disconnect' },
    latestBy: { latestBy: 'tag:x', slow: 'latest' },
    bind: { bind: ['other:*'] },
    only: { only: { from: 'system' } },
    rate: { rate: 9 },
    presence: { presence: { grace: '1m' } },
    schedule: { schedule: { max: 9 } },
    ttl: { ttl: { default: '1m' } },
    requests: { requests: { maxReplies: 9 } },
    respond: { respond: 'backend' },
    maxPayload: { maxPayload: '9B' },
    dedupe: { dedupe: '1m' },
    coalesce: { coalesce: '9ms' },
    queue: { queue: true },
    groups: { history: true, groups: { a: {} } },
  };

  it.each(Object.entries(OPTIONS))('shows the option %s of a channel', (name, rule) => {
    const hooks = { backend: { url: 'https://a.test/', on: ['request'], keys: [{ key: `whsec_${'a'.repeat(32)}` }] } };
    const shown = (options: object) => {
      const parsed = parseConfig({ anonymous: true, hooks, channels: { a: options, 'other:{x}': {} } } as ConfigInput);
      return (describeConfig(parsed).channels as { readonly a: Record<string, unknown> }).a;
    };
    const { [name]: _option, ...without } = rule as Record<string, unknown>;
    expect(shown(rule)).not.toEqual(shown(name === 'latestBy' || name === 'groups' ? without : {}));
  });

  it('shows no secret, in any form', () => {
    const k = Buffer.from(SECRET).toString('base64url');
    const config = parseConfig({
      dev: true,
      keys: [
        { secret: SECRET },
        { jwk: { kty: 'oct', k }, algorithm: 'HS256' },
        { jwks: 'https://user:hush@a.test/jwks?key=hush', algorithms: ['RS256'] },
      ],
      apiKeys: [{ name: 'a', secret: `key-${SECRET}` }],
    });
    const redis = parseConfig({
      keys: [{ secret: SECRET }],
      engine: 'redis',
      redis: { urls: ['redis://user:hush@one:6380/2', 'rediss://:hush@two'], password: 'hush' },
      channels: { a: {} },
    });
    const watched = parseConfig({
      keys: [{ secret: SECRET }],
      engine: 'redis',
      redis: { sentinels: ['one:26379'], name: 'main', sentinelUsername: 'gateway', sentinelPassword: 'hush' },
      channels: { a: {} },
    });
    const shown = JSON.stringify([config, redis, watched, parseConfig({ dev: true })].map(describeConfig));
    expect(describeConfig(redis)).toMatchObject({
      redis: { urls: ['redis://one:6380/2', 'rediss://two'], password: '(hidden)', timeout: '3s' },
    });
    expect(describeConfig(watched)).toMatchObject({ redis: { name: 'main', sentinelPassword: '(hidden)' } });
    for (const secret of [SECRET, k, 'hush', 'devSecret', 'devApiKey']) expect(shown).not.toContain(secret);
  });
});

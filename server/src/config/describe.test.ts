import { describe, expect, it } from 'vitest';
import { describeConfig } from './describe.ts';
import { parseConfig } from './schema.ts';

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

import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ConfigInput } from './config.ts';
import { ConfigError, parseConfig } from './schema.ts';

const SECRET = '0123456789abcdef0123456789abcdef';
const BASE = { keys: [{ secret: SECRET }], channels: { '**': { history: true } } };

/** Every option outside of bridges that names an environment variable. */
const OPTIONS: Readonly<Record<string, (name: unknown) => object>> = {
  'keys[0].secretEnv': (secretEnv) => ({ keys: [{ secretEnv }] }),
  'apiKeys[0].secretEnv': (secretEnv) => ({ apiKeys: [{ name: 'backend', secretEnv }] }),
  'hooks.h.keys[0].keyEnv': (keyEnv) => ({
    hooks: { h: { url: 'https://example.com', on: ['connect'], keys: [{ keyEnv }] } },
  }),
  'webhooks.w.keys[0].keyEnv': (keyEnv) => ({
    webhooks: { w: { url: 'https://example.com', events: ['user.*'], keys: [{ keyEnv }] } },
  }),
  'apps.shop.keys[0].secretEnv': (secretEnv) => ({
    apps: { shop: { at: { path: '/apps/shop' }, keys: [{ secretEnv }] } },
  }),
};

function problemsOf(input: object): readonly string[] {
  try {
    parseConfig({ ...BASE, ...input } as ConfigInput, { env: {} });
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

describe.each(Object.entries(OPTIONS))('%s', (path, withName) => {
  it('says which variable is not set', () => {
    expect(problemsOf(withName('SHOP_SECRET_2'))).toEqual([
      expect.stringContaining(`${path}: the environment variable SHOP_SECRET_2 is not set. Make one with`),
    ]);
  });

  it.each(['redis://user:hunter2@h', 'hunter2', 'HUNTER2HUNTER2HUNTER2', 'whsec_hunter2==', 'hunter2\nhunter2'])(
    'never repeats a secret that is given instead of a name: %j',
    (secret) => {
      const problems = problemsOf(withName(secret));
      expect(problems).toEqual([expect.stringContaining(`${path}: `)]);
      expect(problems.join()).toMatch(/names an environment variable|must be the name of an environment variable/);
      expect(problems.join()).not.toMatch(/hunter2/i);
    },
  );
});

it('a variable may have any name, if it is set', () => {
  const read = () => parseConfig({ ...BASE, keys: [{ secretEnv: 'my.secret' }] }, { env: { 'my.secret': SECRET } });
  expect(read).not.toThrow();
});

describe('a file', () => {
  const secretFile = (file: string) => problemsOf({ keys: [{ secretFile: file }] }).join('\n');

  it.each(['no.txt', './no', '/no/such', '../no', 'no/such.pem'])('that does not exist is named: %s', (file) => {
    expect(secretFile(file)).toContain(`keys[0].secretFile: the file ${resolve(file)} does not exist`);
  });

  it.each(['hunter2', 'whsec_hunter2/+==', 'HUNTER2 HUNTER2', 'hunter2\nhunter2'])(
    'is never repeated if it may be the secret itself: %j',
    (secret) => {
      expect(secretFile(secret)).toMatch(
        /^keys\[0\]\.secretFile: (the file that it names, in .+, does not exist|must be)/,
      );
      expect(secretFile(secret)).not.toMatch(/hunter2/i);
    },
  );
});

import type { Schema } from '@sluice/protocol/contracts';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { differencesOf } from './differences.ts';
import { type ConfigInput, parseConfig } from './schema.ts';

const SECRET = '0123456789abcdef0123456789abcdef';
const OTHER = 'fedcba9876543210fedcba9876543210';
const parse = (input: ConfigInput) => parseConfig({ keys: [{ secret: SECRET }], ...input });

const [yes, no] = [() => true, () => false];
const [text, number] = [z.string(), z.number()];
const contracts = (message: Schema) => ({ c: { message } });

describe('the differences of two configurations', () => {
  it.each<[string, ConfigInput, ConfigInput, string[], string[]]>([
    ['none', { channels: { a: {} } }, { channels: { a: {} } }, [], []],
    [
      'channels',
      { channels: { a: {}, b: {} } },
      { channels: { a: { history: true }, c: {} } },
      ['channels: added "c"', 'channels: removed "b"', 'channels: changed "a"'],
      [],
    ],
    [
      'the filters of a rule',
      { channels: { a: { only: { from: 'claim:friends' } }, all: { bind: ['a'] }, c: {} } },
      { channels: { a: {}, all: { bind: ['a', 'c'] }, c: {} } },
      ['channels: changed "a", "all"'],
      [],
    ],
    ['keys', {}, { keys: [{ secret: OTHER }] }, ['keys: changed'], []],
    [
      'API keys',
      { apiKeys: [{ name: 'a', secret: SECRET }] },
      {
        apiKeys: [
          { name: 'a', secret: OTHER },
          { name: 'b', secret: SECRET, caps: { a: ['manage'] } },
        ],
      },
      ['apiKeys: added "b"', 'apiKeys: changed "a"'],
      [],
    ],
    [
      'names that every object has',
      { apiKeys: [{ name: 'constructor', secret: SECRET }], channels: { toString: {} } },
      { apiKeys: [{ name: 'valueOf', secret: SECRET }] },
      ['channels: removed "toString"', 'apiKeys: added "valueOf"', 'apiKeys: removed "constructor"'],
      [],
    ],
    [
      'limits',
      { limits: { operations: 100, subscriptions: 5 } },
      { limits: { operations: 0, subscriptions: 6, connectionRate: 10 } },
      ['limits.subscriptions: 5 → 6', 'limits.operations: 100 → 0', 'limits.connectionRate: 0 → 10'],
      [],
    ],
    [
      'what needs a restart',
      { heartbeat: '10s', limits: { maxFrame: '64KiB' } },
      { heartbeat: '20s', limits: { maxFrame: '32KiB' }, httpPort: 8081, channels: { a: {} } },
      ['channels: added "a"'],
      ['heartbeat', 'httpPort', 'limits.maxFrame'],
    ],
    [
      'grant functions and contracts',
      { channels: { a: { allow: { subscribe: yes } }, b: { allow: { publish: yes } } }, contracts: contracts(text) },
      { channels: { a: { allow: { subscribe: no } }, b: { allow: { publish: yes } } }, contracts: contracts(number) },
      ['channels: contract or functions replaced "a", "c"'],
      [],
    ],
    [
      'the same functions and contracts',
      { channels: { a: { allow: { subscribe: yes } } }, contracts: contracts(text) },
      { channels: { a: { allow: { subscribe: yes } } }, contracts: contracts(text) },
      [],
      [],
    ],
  ])('%s', (_, before, next, changes, restart) => {
    const found = differencesOf(parse(before), parse(next));
    expect(found).toEqual({ changes, restart });
    expect(JSON.stringify(found)).not.toContain(OTHER);
  });
});

import { boundChannelsOf, coversPattern, matchPattern, parsePattern } from '@sluice/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ConfigInput } from '../config/config.ts';
import { parseConfig } from '../config/schema.ts';
import { Rules } from './rules.ts';

const rulesOf = (channels: NonNullable<ConfigInput['channels']>): Rules =>
  new Rules(parseConfig({ anonymous: true, channels }).channels);

const boundNames = (rules: Rules, channel: string): readonly string[] =>
  rules.match(channel)?.bound.map((bound) => bound.channel) ?? [];

const ORDERS = {
  'orders:{region}:{kind}': {},
  'orders:all': { bind: ['orders:**'] },
  'orders-of:{region}': { bind: ['orders:{region}:*'] },
  created: { bind: ['orders:*:created', { channel: 'orders:eu:*', where: { event: 'created' } }] },
  alerts: { bind: [{ channel: 'orders:*:*', where: { tags: { level: 'error' } } }] },
} as const;

describe('the messages of a channel', () => {
  it.each([
    ['orders:eu:created', ['orders:all', 'orders-of:eu', 'created', 'alerts']],
    ['orders:us:closed', ['orders:all', 'orders-of:us', 'alerts']],
    ['orders:all', []],
    ['created', []],
    ['unknown', []],
  ])('of %s are also appended to %j', (channel, bound) => {
    expect([...boundNames(rulesOf(ORDERS), channel)].sort()).toEqual([...bound].sort());
  });

  it('are appended once per bound channel, if one of its bindings wants them', () => {
    const bound = rulesOf(ORDERS)
      .match('orders:eu:created')
      ?.bound.find(({ channel }) => channel === 'created');
    expect(bound?.where).toHaveLength(2);
  });

  it('are not appended under a more specific rule that does not bind them', () => {
    const rules = rulesOf({ 'a:{x}': {}, 'all:{x}': { bind: ['a:{x}'] }, 'all:one': {} });
    expect([boundNames(rules, 'a:one'), boundNames(rules, 'a:two')]).toEqual([[], ['all:two']]);
  });

  it('share one empty list where nothing is bound', () => {
    const rules = rulesOf({ 'a:{x}': {}, b: { bind: ['a:1'] } });
    expect(rules.match('a:2')?.bound).toBe(rules.match('a:3')?.bound);
  });
});

describe('the bound channels of a pattern', () => {
  it.each([
    ['orders:*:created', ['created', 'orders:all']],
    ['orders:eu:*', ['orders-of:eu', 'orders:all']],
    ['orders:**', ['orders:all']],
    ['orders:*:*', ['orders:all']],
    ['**', []],
    ['other:*', []],
  ])('of %s are %j, the most specific first', (pattern, expected) => {
    expect(
      rulesOf(ORDERS)
        .boundFor(pattern)
        .map(({ log }) => log),
    ).toEqual(expected);
  });

  it('have every message that the pattern matches', () => {
    const part = fc.constantFrom('a', 'b', '*');
    const pattern = fc
      .tuple(fc.array(part, { maxLength: 2 }), fc.constantFrom('a', 'b', '*', '**'))
      .map(([parts, last]) => ['s', ...parts, last].join(':'));
    const names = ['a', 'b'].flatMap((one) => [`s:${one}`, `s:${one}:a`, `s:${one}:b`, `s:${one}:a:b`]);
    fc.assert(
      fc.property(fc.uniqueArray(pattern, { minLength: 1, maxLength: 3 }), pattern, (bind, asked) => {
        const rules = rulesOf({ 's:**': {}, all: { bind } });
        const found = rules.boundFor(asked).length > 0;
        expect(found).toBe(bind.some((from) => coversPattern(from, asked)));
        for (const name of names) {
          if (found && matchPattern(parsePattern(asked), name) !== null)
            expect(boundNames(rules, name)).toEqual(['all']);
        }
      }),
    );
  });

  it('are none without bindings', () => {
    expect([boundChannelsOf('a:*', []), rulesOf({ 'a:{x}': {} }).boundFor('a:*')]).toEqual([[], []]);
  });
});

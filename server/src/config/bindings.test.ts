import { describe, expect, it } from 'vitest';
import type { ConfigInput } from './config.ts';
import { ConfigError, parseConfig } from './schema.ts';

function problemsOf(channels: Record<string, unknown>): readonly string[] {
  try {
    parseConfig({ anonymous: true, channels: channels as NonNullable<ConfigInput['channels']> });
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
  }
  return [];
}

describe('bind', () => {
  it.each<[string, Record<string, unknown>]>([
    ['a name', { a: {}, all: { bind: ['a'] } }],
    ['a pattern that its own name matches', { 'a:{x}': {}, 'a:all': { bind: ['a:**'] } }],
    ['a param of both patterns', { 'a:{x}:{y}': {}, 'of:{y}': { bind: ['a:*:{y}'] } }],
    ['a filter', { 'a:{x}': {}, all: { bind: [{ channel: 'a:*', where: { tags: { t: ['1', '2'] } } }] } }],
    ['patterns of several bound channels', { 'a:{x}': {}, one: { bind: ['a:*'] }, two: { bind: ['a:**'] } }],
  ])('accepts %s', (_, channels) => {
    expect(problemsOf(channels)).toEqual([]);
  });

  it.each<[string, Record<string, unknown>, string]>([
    [
      'another kind of value',
      { a: {}, all: { bind: 'a' } },
      'channels.all.bind: must be a list. Example: ["orders:*"]',
    ],
    [
      'another kind of entry',
      { a: {}, all: { bind: [1] } },
      'channels.all.bind[0]: must be a pattern, or a pattern and a filter.',
    ],
    [
      'unknown fields',
      { a: {}, all: { bind: [{ channel: 'a', if: 1 }] } },
      'channels.all.bind[0]: must be a pattern, or a pattern',
    ],
    [
      'an invalid pattern',
      { a: {}, all: { bind: ['a:**:b'] } },
      'channels.all.bind[0]: "a:**:b": "**" may only be the last segment.',
    ],
    [
      'an invalid filter',
      { a: {}, all: { bind: [{ channel: 'a', where: { tag: 1 } }] } },
      'channels.all.bind[0]: "where.tag" is not a field of a filter. Use event, from, channel, tags.',
    ],
    [
      'many channels',
      { a: {}, 'all:**': { bind: ['a'] } },
      'channels["all:**"].bind: "all:**" is many channels. Bind to one',
    ],
    [
      'a param that the source does not have',
      { 'a:{x}': {}, 'of:{y}': { bind: ['a:{x}'] } },
      'channels["of:{y}"].bind[0]: "a:{x}" has no {y}, so the channel of "of:{y}" is not known. Use {y} in both patterns',
    ],
    [
      'a chain',
      { 'a:{x}': {}, 'b:{x}': { bind: ['a:{x}'] }, c: { bind: ['b:*'] } },
      'channels.c.bind: "b:*" matches channels of "b:{x}", which are bound themselves, and bindings do not chain. Bind what "b:{x}" binds, or use other names',
    ],
    [
      'a circle',
      { a: { bind: ['a'] } },
      'channels.a.bind: "a" matches channels of "a", which are bound themselves, and bindings do not chain.',
    ],
    [
      'another bound channel among the sources',
      { 'a:{x}': {}, 'a:some': { bind: ['a:1'] }, all: { bind: ['a:**'] } },
      'channels.all.bind: "a:**" matches channels of "a:some", which are bound themselves',
    ],
    ['nothing', { a: {}, all: { bind: ['b:*'] } }, 'channels.all.bind: "b:*" matches no channel of a rule. Correct'],
  ])('refuses %s', (_, channels, problem) => {
    expect(problemsOf(channels)).toEqual([expect.stringContaining(problem)]);
  });
});

import { canonical, filterKey } from '@sluice/protocol';
import { describe, expect, it } from 'vitest';
import type { ConfigInput } from './config.ts';
import { ConfigError, parseConfig } from './schema.ts';

const parse = (only: unknown) =>
  parseConfig({ anonymous: true, channels: { a: { only } } as unknown as NonNullable<ConfigInput['channels']> });

const problemsOf = (only: unknown): readonly string[] => {
  try {
    parse(only);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
  }
  throw new Error('no ConfigError');
};

describe('only', () => {
  it('is nothing by default', () => {
    expect(parse(undefined).channels[0]?.only).toBeNull();
  });

  it('separates what comes from the token', () => {
    const only = parse({
      event: ['a', 'claim:kinds'],
      from: 'ada',
      tags: { team: 'claim:teams', size: { gt: 1 }, of: ['claim:a', 'claim:b', 'c'] },
    }).channels[0]?.only;
    expect(only?.claimed).toEqual([
      { field: 'event', name: 'event', claims: ['kinds'], values: ['a'] },
      { field: 'tags', tag: 'team', name: 'tag "team"', claims: ['teams'], values: [] },
      { field: 'tags', tag: 'of', name: 'tag "of"', claims: ['a', 'b'], values: ['c'] },
    ]);
    const fixed = canonical({ from: 'ada', tags: { size: { gt: 1 } } });
    expect(only && filterKey(only.fixed)).toBe(filterKey(fixed));
  });

  it('is refused beside consumers, to which it does not apply', () => {
    const channels = { a: { only: { event: 'x' }, queue: {} }, b: { only: { event: 'x' }, history: true } };
    expect(() => parseConfig({ anonymous: true, channels })).toThrow(
      'channels.a.only: does not apply to consumers. Remove it, or use a channel without queue and groups',
    );
  });

  it('goes with a queue that is turned off', () => {
    const channels = { a: { only: { event: 'x' }, queue: false } } as const;
    expect(parseConfig({ anonymous: true, channels }).channels[0]?.only).not.toBeNull();
  });

  it.each<[unknown, string]>([
    ['all', 'channels.a.only: must be a filter. Example: { tags: { team: "claim:teams" } }'],
    [
      { tag: 'x' },
      'channels.a.only: "only.tag" is not a field of a filter. Use event, from, channel, tags. Example: { tags: { team: "claim:teams" } }',
    ],
    [{ from: 'claim:' }, 'channels.a.only: "claim:" names no claim. Example: { tags: { team: "claim:teams" } }'],
    [
      { tags: { t: 'claim:exp' } },
      'channels.a.only: "claim:exp" changes with every token. Use a claim about the user, such as sub',
    ],
  ])('is refused if it is %j', (only, problem) => {
    expect(problemsOf(only)).toEqual([problem]);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { filters } from '../test/filters.ts';
import { checkFilter } from './filter-check.ts';

describe('a filter is valid', () => {
  it('if it is made of conditions', () => {
    fc.assert(fc.property(filters, (filter) => checkFilter(filter) === null));
  });

  it.each<[unknown, string]>([
    [null, '"filter" must be an object with any of event, from, channel, tags'],
    [[], '"filter" must be an object with any of event, from, channel, tags'],
    [{ evnt: 'a' }, '"filter.evnt" is not a field of a filter. Use event, from, channel, tags'],
    [{ event: '' }, '"filter.event" must be a string of 1 to 128 characters, or a list of them'],
    [{ event: ['a', 1] }, '"filter.event" must be a string of 1 to 128 characters, or a list of them'],
    [{ from: [] }, '"filter.from" is an empty list, which no message matches. Add a value, or leave the condition out'],
    [{ channel: Array.from({ length: 9 }, (_, n) => `a:${n}`) }, '"filter.channel" may have at most 8 patterns'],
    [{ channel: 'a:{b}' }, '"filter.channel" contains {param}. Use * for one segment'],
    [{ tags: 'a' }, '"filter.tags" must be an object: names of tags and what they must be'],
    [{ tags: { '': 'a' } }, '"filter.tags." is not the name of a tag. Names have 1 to 64 characters'],
    [{ tags: { a: 1 } }, '"filter.tags.a" must be a string of 0 to 256 characters, or a list of them'],
    [{ tags: { a: { in: 'b' } } }, '"filter.tags.a.in" is not a comparison. Use prefix, exists, gt, gte, lt, lte'],
    [{ tags: { a: { exists: 1 } } }, '"filter.tags.a.exists" must be true or false'],
    [{ tags: { a: { prefix: ['b'] } } }, '"filter.tags.a.prefix" must be one string'],
    [{ tags: { a: { gt: true } } }, '"filter.tags.a.gt" is not comparable. Use a number or a string'],
    [{ tags: { a: { gt: Number.NaN } } }, '"filter.tags.a.gt" is not comparable. Use a number or a string'],
    [
      { tags: { a: { gt: 1, lt: 'b' } } },
      '"filter.tags.a" compares with a number and with a string. Use one kind of value',
    ],
    [{ tags: { a: { gt: { gt: {} } } } }, '"filter.tags.a.gt" is not comparable. Use a number or a string'],
    [{ tags: { a: [['b']] } }, '"filter.tags.a" must be a string of 0 to 256 characters, or a list of them'],
  ])('not if it is %j', (filter, detail) => {
    expect(checkFilter(filter)).toEqual({ error: 'filter_invalid', detail });
  });

  it('if its channel is a pattern', () => {
    expect(checkFilter({ channel: 'a:**:b' })?.detail).toContain('"filter.channel" must be a pattern of channels');
    expect(checkFilter({ channel: 'orders:e*:created' })?.detail).toBe(
      '"filter.channel" must be a pattern of channels, like "orders:*": "orders:e*:created": "e*" mixes * with other characters. * stands for one whole segment',
    );
  });

  it('if its tests are not empty', () => {
    expect(checkFilter({ tags: { a: {} } })?.detail).toContain('"filter.tags.a" is an empty object');
  });

  it('only up to its largest size, however its conditions are spread', () => {
    const long = { from: Array.from({ length: 60 }, (_, n) => `${n}`.padEnd(80, 'x')) };
    expect(checkFilter(long)).toEqual({
      error: 'filter_too_large',
      detail: '"filter" has 4860 characters in names and values. Use at most 4096',
    });
    const tags = Object.fromEntries(Array.from({ length: 600 }, (_, n) => [`tag${n}`, { gt: n }]));
    expect(checkFilter({ tags })?.error).toBe('filter_too_large');
  });

  it('never throws', () => {
    fc.assert(fc.property(fc.anything(), (value) => void checkFilter(value)));
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { filters, fulfilsFilter, messages } from '../test/filters.ts';
import type { Filter, TagTest } from './filter.ts';
import { both, canonical, EVERY, filterKey } from './filter-canonical.ts';
import { matches } from './filter-match.ts';
import { writeFilter } from './filter-write.ts';

const keyOf = (filter: Filter): string => filterKey(canonical(filter));

/** The same filter in another notation: fields, tags and lists reversed, values repeated, single values as lists. */
function rewrite(filter: Filter): Filter {
  const { tags, ...rest } = filter;
  const others = Object.entries(rest).map(([name, value]) => [name, again(value as string | readonly string[])]);
  const tests = Object.entries(tags ?? {}).map(([name, test]): [string, TagTest] => [name, rewriteTest(test)]);
  const all = [...(tags === undefined ? [] : [['tags', Object.fromEntries(tests.reverse())]]), ...others.reverse()];
  return Object.fromEntries(all) as Filter;
}

const again = (value: string | readonly string[]): readonly string[] => [value, value].flat().reverse();

function rewriteTest(test: TagTest): TagTest {
  if (typeof test === 'string' || Array.isArray(test)) return again(test as string | readonly string[]);
  return Object.fromEntries(Object.entries(test).reverse());
}

describe('the canonical form of a filter', () => {
  it('is the same for every notation', () => {
    fc.assert(fc.property(filters, (filter) => keyOf(rewrite(filter)) === keyOf(filter)));
  });

  it.each<[string, Filter, Filter]>([
    ['conditions that say nothing', { tags: {} }, {}],
    ['an empty prefix', { tags: { a: { prefix: '' } } }, { tags: { a: { exists: true } } }],
    ['a stricter bound', { tags: { a: { gt: 1, gte: 1 } } }, { tags: { a: { gt: 1 } } }],
    ['values beside an existence', { tags: { a: { exists: true, gt: 1 } } }, { tags: { a: { gt: 1 } } }],
    ['a covered pattern', { channel: ['a:*', 'a:b', 'a:**'] }, { channel: 'a:**' }],
    ['contradictions', { tags: { a: { gt: 2, lt: 1 } } }, { tags: { b: { exists: false, prefix: 'x' } } }],
  ])('drops %s', (_, one, other) => {
    expect(keyOf(one)).toBe(keyOf(other));
  });

  it('matches the messages that the filter describes', () => {
    fc.assert(
      fc.property(filters, messages, (filter, message) => {
        expect(matches(canonical(filter), message, 'x:1')).toBe(fulfilsFilter(filter, message, 'x:1'));
      }),
      { numRuns: 2_000 },
    );
  });

  it('is written as a filter with the same meaning', () => {
    fc.assert(fc.property(filters, (filter) => keyOf(writeFilter(canonical(filter))) === keyOf(filter)));
    expect(
      writeFilter(canonical({ event: ['b', 'a'], tags: { x: '1', y: { exists: true }, z: { gt: 1, lte: 'n' } } })),
    ).toEqual({ event: ['a', 'b'], tags: { x: '1', y: { exists: true }, z: { gt: 1, lte: 'n' } } });
  });

  it('has equal keys only for filters that match the same messages', () => {
    fc.assert(
      fc.property(filters, filters, messages, (one, other, message) => {
        fc.pre(keyOf(one) === keyOf(other));
        expect(fulfilsFilter(one, message, 'y')).toBe(fulfilsFilter(other, message, 'y'));
      }),
      { numRuns: 20, maxSkipsPerRun: 10_000 },
    );
  });
});

describe('two filters together', () => {
  it('match what both match', () => {
    fc.assert(
      fc.property(filters, filters, messages, (one, other, message) => {
        const together = both(canonical(one), canonical(other));
        const expected = fulfilsFilter(one, message, 'y') && fulfilsFilter(other, message, 'y');
        expect(matches(together, message, 'y')).toBe(expected);
      }),
      { numRuns: 2_000 },
    );
  });

  it('list only the values that both allow', () => {
    const values = canonical({ tags: { a: ['1', 'ab', 'b'] } });
    const together = both(values, canonical({ tags: { a: { prefix: 'a' } } }));
    expect(filterKey(together)).toBe(keyOf({ tags: { a: 'ab' } }));
    expect(filterKey(both(values, canonical({ tags: { a: { gt: 1 } } })))).toBe('never');
  });

  it('are the same in either order, and with themselves', () => {
    fc.assert(
      fc.property(filters, filters, (one, other) => {
        const [a, b] = [canonical(one), canonical(other)];
        expect(filterKey(both(a, b))).toBe(filterKey(both(b, a)));
        expect(filterKey(both(a, a))).toBe(filterKey(a));
        expect(filterKey(both(a, EVERY))).toBe(filterKey(a));
      }),
    );
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { coversPattern, intersectPatterns, withoutCovered } from './pattern-sets.ts';
import { matchPattern, parsePattern } from './patterns.ts';

const part = fc.constantFrom('a', 'b', '*', '{x}');
const patterns = fc
  .tuple(fc.array(part, { maxLength: 3 }), fc.constantFrom('a', 'b', '*', '**', '{y}'))
  .map(([parts, last]) =>
    [...parts, last]
      .join(':')
      .replace('{x}:{x}', '{x}:*')
      .replace(/\{x\}(?=.*\{x\})/g, '*'),
  );

const isMatch = (pattern: string, channel: string): boolean => matchPattern(parsePattern(pattern), channel) !== null;

/** All names that can tell such patterns apart: `c` is a segment that no pattern names. */
const NAMES = ['a', 'b', 'c'].flatMap(function longer(name: string): string[] {
  return name.length > 9 ? [name] : [name, ...['a', 'b', 'c'].flatMap((next) => longer(`${name}:${next}`))];
});

describe('a pattern', () => {
  it('covers another exactly if it matches every name that the other matches', () => {
    fc.assert(
      fc.property(patterns, patterns, (wide, narrow) => {
        const expected = NAMES.every((name) => !isMatch(narrow, name) || isMatch(wide, name));
        expect(coversPattern(wide, narrow)).toBe(expected);
      }),
    );
  });

  it('and another match the names of their intersection', () => {
    fc.assert(
      fc.property(patterns, patterns, (one, other) => {
        const common = intersectPatterns(one, other);
        const names = NAMES.filter((name) => isMatch(one, name) && isMatch(other, name));
        expect(NAMES.filter((name) => common !== null && isMatch(common, name))).toEqual(names);
      }),
    );
  });

  it('covers a name that it matches', () => {
    fc.assert(
      fc.property(patterns, fc.constantFrom(...NAMES), (pattern, name) => {
        expect(coversPattern(pattern, name)).toBe(isMatch(pattern, name));
      }),
    );
  });
});

describe('patterns without those that others cover', () => {
  it('match the same names, and none of them covers another', () => {
    fc.assert(
      fc.property(fc.array(patterns, { maxLength: 4 }), (all) => {
        const left = withoutCovered(all);
        const namesOf = (some: readonly string[]) => NAMES.filter((name) => some.some((each) => isMatch(each, name)));
        expect(namesOf(left)).toEqual(namesOf(all));
        for (const [at, one] of left.entries()) {
          expect(left.some((other, place) => place !== at && coversPattern(other, one))).toBe(false);
        }
      }),
    );
  });
});

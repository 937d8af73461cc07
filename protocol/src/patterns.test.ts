import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  comparePatterns,
  matchPattern,
  type Pattern,
  PatternError,
  parsePattern,
  patternsCollide,
} from './patterns.ts';

const literal = fc.constantFrom('a', 'b', 'c');
const segments = fc
  .tuple(
    fc.array(fc.oneof(literal, fc.constantFrom('*', '{p}')), { maxLength: 3 }),
    fc.constantFrom('a', '*', '{q}', '**'),
  )
  .map(([first, last]) => [...first, last]);
const pattern = segments
  .map((parts) => parts.map((part, at) => (part === '{p}' ? `{p${at}}` : part)).join(':'))
  .map(parsePattern);
const channel = fc.array(literal, { minLength: 1, maxLength: 4 }).map((parts) => parts.join(':'));

/** Same as `matchPattern`, as a regular expression. */
function matchesNaively(source: string, name: string): boolean {
  const parts = source.split(':').map((part) => {
    if (part === '**') return '.+';
    return part === '*' || part.startsWith('{') ? '[^:]+' : part;
  });
  return new RegExp(`^${parts.join(':')}$`).test(name);
}

/** The specificity of a pattern, as a comparable text. */
const naiveRank = ({ segments: parts }: Pattern) =>
  [...parts.map(({ kind }) => ({ literal: 'a', param: 'b', any: 'b', rest: 'c' })[kind]), 'd'].join('');

describe('matching', () => {
  it('agrees with a naive matcher', () => {
    fc.assert(
      fc.property(pattern, channel, (one, name) => {
        expect(matchPattern(one, name) !== null).toBe(matchesNaively(one.source, name));
      }),
      { numRuns: 2_000 },
    );
  });

  it('binds each param to its segment', () => {
    fc.assert(
      fc.property(pattern, channel, (one, name) => {
        const params = matchPattern(one, name);
        fc.pre(params !== null);
        const parts = name.split(':');
        const bound = one.segments.flatMap((segment, at) =>
          segment.kind === 'param' ? [[segment.name, parts[at]]] : [],
        );
        expect({ ...params }).toEqual(Object.fromEntries(bound));
      }),
    );
  });

  it('binds a param with the name of a property of Object.prototype', () => {
    const params = matchPattern(parsePattern('{__proto__}:{constructor}'), 'x:y');
    expect(Object.entries(params ?? {})).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
  });
});

describe('specificity', () => {
  it('is a total preorder', () => {
    fc.assert(
      fc.property(pattern, pattern, pattern, (a, b, c) => {
        expect(comparePatterns(a, a)).toBe(0);
        expect(Math.sign(comparePatterns(a, b))).toBe(-Math.sign(comparePatterns(b, a)) + 0);
        if (comparePatterns(a, b) <= 0 && comparePatterns(b, c) <= 0)
          expect(comparePatterns(a, c)).toBeLessThanOrEqual(0);
      }),
      { numRuns: 2_000 },
    );
  });

  it('is compared from the left: literal, then one segment, then the rest', () => {
    fc.assert(
      fc.property(pattern, pattern, (a, b) => {
        const [left, right] = [naiveRank(a), naiveRank(b)];
        expect(Math.sign(comparePatterns(a, b))).toBe(left < right ? -1 : Number(left > right));
      }),
    );
  });
});

describe('two patterns collide', () => {
  it('only if they are equally specific and a name matches both', () => {
    fc.assert(
      fc.property(pattern, pattern, channel, (a, b, name) => {
        const tie = comparePatterns(a, b) === 0;
        const both = matchPattern(a, name) !== null && matchPattern(b, name) !== null;
        if (tie && both) expect(patternsCollide(a, b)).toBe(true);
        if (patternsCollide(a, b)) expect(tie).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ['a:{x}', 'a:{y}', true],
    ['a:{x}', 'a:*', true],
    ['a:**', 'a:**', true],
    ['a:b', 'a:c', false],
    ['a:{x}', 'a:b', false],
    ['a:{x}', 'a:**', false],
    ['a', 'a:b', false],
  ])('%s and %s: %s', (a, b, collide) => {
    expect(patternsCollide(parsePattern(a), parsePattern(b))).toBe(collide);
  });
});

describe('parsing', () => {
  it.each([
    ['a:**:b', /"\*\*" may only be the last/],
    ['{a}:{a}', /\{a\} is named twice/],
    ['a::b', /segment "" is neither/],
    ['a'.repeat(201), /too long/],
  ])('%s fails with a reason', (source, why) => {
    expect(() => parsePattern(source)).toThrow(PatternError);
    expect(() => parsePattern(source)).toThrow(why);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sameJson } from './same-json.ts';

/** So many arrays in one another. */
const nested = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels));

/** Fields in the opposite order. */
const reversed = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, item]) => [name, reversed(item)]),
  );
};

describe('sameJson', () => {
  it('finds a value equal to its copy in any order of the fields', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        const text = JSON.stringify(value);
        expect(sameJson(JSON.parse(text), reversed(JSON.parse(text)))).toBe(true);
      }),
    );
  });

  it('agrees with a comparison of texts on any two values', () => {
    const small = fc.jsonValue({ maxDepth: 2, stringUnit: fc.constantFrom('a', 'b') });
    const text = (value: unknown): string =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? `{${Object.keys(value)
            .sort()
            .map((name) => `${name}:${text((value as Record<string, unknown>)[name])}`)
            .join()}}`
        : Array.isArray(value)
          ? `[${value.map(text).join()}]`
          : JSON.stringify(value);
    fc.assert(
      fc.property(small, small, (a, b) => {
        const copies = [a, b].map((value) => JSON.parse(JSON.stringify(value)) as unknown);
        expect(sameJson(copies[0], copies[1])).toBe(text(copies[0]) === text(copies[1]));
      }),
    );
  });

  it.each([
    [[], {}],
    [{ a: 1 }, { a: 1, b: 2 }],
    [{ a: 1, b: 2 }, { a: 1 }],
    [{ a: undefined }, { b: undefined }],
    [{ toString: 1 }, { valueOf: 1 }],
    [null, {}],
    [undefined, null],
    ['1', 1],
    [{ 0: 'a' }, ['a']],
  ])('distinguishes %j from %j', (a, b) => {
    expect(sameJson(a, b)).toBe(false);
    expect(sameJson(b, a)).toBe(false);
  });

  it('compares 64 levels, and treats deeper values as different', () => {
    expect(sameJson(nested(64), nested(64))).toBe(true);
    expect(sameJson(nested(65), nested(65))).toBe(false);
    expect(sameJson(nested(50_000), nested(50_000))).toBe(false);
  });
});

import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { markLongNumbers } from './long-numbers.ts';

/** Digits that count, reckoned in another way. */
const significant = (literal: string): number =>
  literal
    .replace(/[eE].*/, '')
    .replace(/[-.]/g, '')
    .replace(/^0+|0+$/g, '').length;

const FINE = [
  '0',
  '-0',
  '0.1',
  '1e21',
  '9007199254740991',
  '-9007199254740991',
  '0.30000000000000004',
  '0.8444218515250481',
  '0.000012345678901234567',
  '12345678901234567',
  '1000000000000000000000000',
  '0.10000000000000000000000',
  '10000000000000000.000000000',
  '1.7976931348623157e308',
  '5e-324',
  '1e0000000000000000000000005',
];
const LONG = [
  '123456789012345678',
  '123456789012345678e-5',
  '1234567890123456789012',
  '-1234567890123456789012',
  '12345678901234567890.12',
  '0.123456789012345678',
  '-0.123456789012345678',
  '1.23456789012345678',
  '0.000000000000000000000000123456789012345678',
  '1.23456789012345678e5',
  '1.23456789012345678E-5',
  '1000000000000000000000001',
  '0.1000000000000000055511151231257827',
];
/** Positions of a number, and the text around them. */
const AROUND: readonly ((number: string) => string)[] = [
  (number) => number,
  (number) => `[${number}]`,
  (number) => `[1,${number},2]`,
  (number) => `{"a":${number}}`,
  (number) => `{"a":{"b":[ ${number} ],"c":"x"}}`,
  (number) => `["12345678901234567890",${number}]`,
  (number) => `["\\"1,${number},\\\\",${number}]`,
  (number) => `[1e5,-2.5E+3,${number}]`,
];

describe('a number in JSON', () => {
  it.each(FINE)('%s is not changed', (number) => {
    for (const around of AROUND) expect(markLongNumbers(around(number))).toBe(around(number));
  });

  it.each(LONG)('%s becomes unreadable, and nothing around it', (number) => {
    for (const around of AROUND.slice(0, 6)) {
      const sign = number.startsWith('-') ? '-' : '';
      expect(markLongNumbers(around(number))).toBe(around(`${sign}1e999`));
    }
  });

  it.each([...FINE, ...LONG])('%s inside a string is not changed', (number) => {
    for (const text of [`"${number}"`, `{"${number}":1}`, `["\\"${number}"]`, `"\\\\\\"${number},`, `"${number}`]) {
      expect(markLongNumbers(text)).toBe(text);
    }
  });

  it('is found at every position and in every context', () => {
    const filler = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.stringMatching(/^[0-9."\\e-]{0,40}$/));
    const property = fc.property(
      fc.array(filler, { maxLength: 8 }),
      fc.nat(8),
      fc.constantFrom(...LONG),
      (values, at, number) => {
        const plain = JSON.stringify(values);
        fc.pre(!hasLong(plain));
        expect(markLongNumbers(plain)).toBe(plain);
        const texts = values.map((value) => JSON.stringify(value));
        texts.splice(at, 0, number);
        const read = JSON.parse(markLongNumbers(`[${texts.join(',')}]`)) as unknown[];
        const expected: unknown[] = JSON.parse(JSON.stringify(values)) as unknown[];
        expected.splice(at, 0, number.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY);
        expect(read).toEqual(expected);
      },
    );
    fc.assert(property, { numRuns: 3_000 });
  });

  it('is long when it has more than 17 significant digits', () => {
    const literal = fc
      .tuple(
        fc.constantFrom('', '-'),
        fc.stringMatching(/^(0|[1-9][0-9]{0,25})$/),
        fc.stringMatching(/^(\.[0-9]{1,25})?$/),
        fc.constantFrom('', 'e5', 'E-7', 'e+12'),
      )
      .map((parts) => parts.join(''));
    const property = fc.property(literal, (number) => {
      expect(markLongNumbers(number) !== number).toBe(significant(number) > 17);
    });
    fc.assert(property, { numRuns: 10_000 });
  });

  it('written by JavaScript is never long', () => {
    const property = fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => {
      expect(markLongNumbers(`[${number}]`)).toBe(`[${number}]`);
    });
    fc.assert(property, { numRuns: 10_000 });
  });

  describe('costs one pass, however the text is made', () => {
    /** Characters that are looked at one by one. */
    function looksAt(text: string): number {
      const spy = vi.spyOn(String.prototype, 'charCodeAt');
      try {
        markLongNumbers(text);
        return spy.mock.calls.length;
      } finally {
        spy.mockRestore();
      }
    }

    it.each([
      ['zeros', '0'],
      ['points', '.'],
      ['zeros and points', '0.0'],
      ['one digit among zeros', `1${'0'.repeat(40)},`],
      ['many short numbers', '12,'],
      ['numbers of 17 digits', `${'1'.repeat(17)},`],
      ['texts', '"000000000000000000",'],
      ['escapes', '\\"'],
      ['quotes', '"'],
      ['exponents', '1e'],
      ['brackets', '[[['],
    ])('%s', (_, piece) => {
      const text = piece.repeat(Math.ceil(4_000 / piece.length));
      const looks = looksAt(text);
      expect(looks).toBeLessThanOrEqual(6 * text.length);
      expect(looksAt(text.repeat(8))).toBeLessThanOrEqual(9 * looks + 100);
    });
  });

  it('reads the run before a number to its end, and then the number', () => {
    const long = LONG[0] ?? '';
    for (const piece of ['0', '.', '0.0', `1${'0'.repeat(40)},`, `${'1'.repeat(17)},`]) {
      for (let times = 1; times < 60; times++) {
        const text = `${piece.repeat(times)},${long}`;
        expect(markLongNumbers(text)).not.toBe(text);
      }
    }
  });
});

function hasLong(text: string): boolean {
  return (text.replace(/"(?:[^"\\]|\\.)*"/g, '""').match(/[\d.]+/g) ?? []).some((number) => significant(number) > 17);
}

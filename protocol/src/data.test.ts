import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkData } from './data.ts';
import { json } from './json.ts';
import { msgpack } from './msgpack.ts';

const nest = (levels: number, value: unknown): unknown => (levels === 0 ? value : { a: nest(levels - 1, value) });

describe('data', () => {
  it.each([
    [null, null],
    [true, null],
    [0, null],
    ['', null],
    ['👋', null],
    [[], null],
    [{}, null],
    [Object.create(null), null],
    [undefined, 'data: missing'],
    [1n, 'data: a bigint is not a JSON value'],
    [() => 1, 'data: a function is not a JSON value'],
    [Symbol('x'), 'data: a symbol is not a JSON value'],
    ...[Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].map((value): [unknown, string] => [
      value,
      'data: not a finite number of at most 17 digits; send it as a string',
    ]),
    ...[2 ** 53, -(2 ** 53), 1161380288898609914n, 12345678901234567890n, 1e20, -1e20, 2 ** 63, 2 ** 64].map(
      (value): [unknown, unknown] => [Number(value), expect.stringMatching(/^data: beyond 2\^53 - 1, .*as a string$/)],
    ),
    [{ a: [0, { id: 2 ** 53 }] }, expect.stringMatching(/^data\.a\[1\]\.id: beyond 2\^53/)],
    ...[2 ** 53 - 1, 1 - 2 ** 53, -0, 0.1, 4.35e15 + 0.5, 1e21, -1e21, 6.02e23, Number.MAX_VALUE, 5e-324].map(
      (value): [unknown, null] => [value, null],
    ),
    ['\ud800', 'data: a string with a lone surrogate (not Unicode)'],
    [{ a: [1, { b: '\udfff' }] }, 'data.a[1].b: a string with a lone surrogate (not Unicode)'],
    [{ '\ud800': 1 }, 'data: a field whose name has a lone surrogate (not Unicode)'],
    [JSON.parse('{"a":{"__proto__":1}}'), 'data.a: a field may not be named "__proto__"'],
    [new Date(), 'data: not a plain object'],
    [{ a: new Uint8Array(2) }, 'data.a: not a plain object'],
    [new Map(), 'data: not a plain object'],
    [[undefined], 'data[0]: missing'],
    [nest(64, 1), null],
    [nest(65, 1), expect.stringMatching(/^data(\.a){64}: nested deeper than 64 levels$/)],
  ] as [unknown, unknown][])('%o: %s', (data, fault) => {
    expect(checkData(data)).toEqual(fault);
  });

  it('is valid if it is the result of JSON.parse', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 20 }), (value) => {
        fc.pre(!JSON.stringify(value).includes('__proto__') && JSON.stringify(value).isWellFormed());
        fc.pre(!/\\ud[89a-f]/.test(JSON.stringify(value)));
        fc.pre(!/(?<![\d.e+-])-?\d{16,21}(?![\d.])/.test(JSON.stringify(value)));
        expect(checkData(value)).toBeNull();
      }),
    );
  });

  it('decodes to the same value in every codec if it is valid', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        fc.pre(checkData(value) === null);
        const text = json.decode(json.encode(value));
        expect(text).toEqual(msgpack.decode(msgpack.encode(text)));
        expect(json.encode(msgpack.decode(msgpack.encode(value)))).toBe(json.encode(value));
      }),
      { numRuns: 2_000 },
    );
  });

  it('has a short error, however long its field names are', () => {
    const fault = checkData({ ['n'.repeat(10_000)]: { [`${'👋'.repeat(5_000)}`]: Number.NaN } });
    expect(fault?.length).toBeLessThan(250);
    expect(fault).toMatch(/^data….*: not a finite number of at most 17 digits; send it as a string$/u);
    expect(fault?.isWellFormed()).toBe(true);
  });
});

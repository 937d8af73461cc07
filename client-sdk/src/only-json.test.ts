import { describe, expect, it } from 'vitest';
import { onlyJson } from './only-json.ts';

const copy = (value: unknown): unknown => JSON.parse(JSON.stringify(value, onlyJson));
const circle: Record<string, unknown> = {};
circle.itself = circle;

class Note {
  text = 'hi';
}

const at = new Date(0);

describe('onlyJson', () => {
  it.each<[string, unknown, unknown]>([
    ['plain values', { a: [1, -1.5, 'x', true, null, {}] }, { a: [1, -1.5, 'x', true, null, {}] }],
    ['objects of a class', new Note(), { text: 'hi' }],
    ['objects without a prototype', Object.assign(Object.create(null) as object, { a: 1 }), { a: 1 }],
    ['boxed values', [Object('x'), Object(true)], ['x', true]],
    ['proxies', new Proxy({ a: new Proxy([1], {}) }, {}), { a: [1] }],
    ['what is made of dates', { at: at.toISOString(), since: at.getTime() }, { at: at.toISOString(), since: 0 }],
    ['URLs, as their toJSON says', [new URL('https://example.com')], ['https://example.com/']],
    ['a toJSON of your own', { toJSON: () => ({ kept: 1 }) }, { kept: 1 }],
    ['undefined in a field: left out', { a: undefined, b: 1 }, { b: 1 }],
    ['undefined in a list: null, as everywhere in JSON', [undefined, 1], [null, 1]],
  ])('%s', (_, value, arrives) => {
    expect(copy(value)).toEqual(arrives);
  });

  it.each<[string, unknown, string]>([
    ['NaN', Number.NaN, 'NaN'],
    ['Infinity', Number.POSITIVE_INFINITY, 'Infinity'],
    ['-Infinity', Number.NEGATIVE_INFINITY, '-Infinity'],
    ['a bigint', 1n, 'BigInt'],
    ['a function', () => 1, 'Function'],
    ['an async function', async () => 1, 'AsyncFunction'],
    ['a symbol', Symbol('x'), 'Symbol'],
    ['a Date, which would arrive as a string', at, 'Date'],
    ['a Date of no time', new Date(Number.NaN), 'Date'],
    ['a Map', new Map([['a', 1]]), 'Map'],
    ['a Set', new Set([1]), 'Set'],
    ['a promise that nobody awaited', Promise.resolve(1), 'Promise'],
    ['a regular expression', /x/, 'RegExp'],
    ['an error', new Error('x'), 'Error'],
    ['bytes', new Uint8Array(2), 'Uint8Array'],
    ['a buffer', new ArrayBuffer(2), 'ArrayBuffer'],
    ['what a toJSON makes of it', { toJSON: () => Number.NaN }, 'NaN'],
  ])('not %s, wherever it stands', (_, value, kind) => {
    for (const holder of [{ price: value }, [{ a: { price: value } }], { list: [{ price: value }] }]) {
      expect(() => copy(holder)).toThrow(TypeError);
      expect(() => copy(holder)).toThrow(new RegExp(`"price" is .*${kind}`));
    }
    expect(() => copy([1, value])).toThrow('"1" is');
  });

  it('refuses a value that contains itself', () => {
    expect(() => copy(circle)).toThrow(TypeError);
  });
});

import { describe, expect, it } from 'vitest';
import { Refusal } from '../refusal.ts';
import { readFlag, readPattern, readText, readTexts } from './fields.ts';
import { readNumbers } from './query.ts';

const REFUSED = 'refused';
const shown = (read: unknown): unknown => (read instanceof Refusal ? REFUSED : read);

describe('a field of a body', () => {
  it.each([
    ['a text', 'abc', 'abc'],
    ['nothing', undefined, undefined],
    ['an empty text', '', REFUSED],
    ['a text that is too long', 'abcd', REFUSED],
    ['a number', 5, REFUSED],
  ])('that must be a text: %s', (_, value, read) => {
    expect(shown(readText({ name: value }, 'name', 3))).toBe(read);
  });

  it.each([
    ['a list', ['a', 'b'], ['a', 'b']],
    ['a text', 'a', ['a']],
    ['nothing', undefined, undefined],
    ['a list that is too long', ['a', 'b', 'c'], REFUSED],
    ['a list with a number', ['a', 1], REFUSED],
    ['an object', {}, REFUSED],
  ])('that must be a list of texts: %s', (_, value, read) => {
    expect(shown(readTexts({ name: value }, 'name', 2))).toEqual(read);
  });

  it.each([
    [true, true],
    [false, false],
    [undefined, undefined],
    ['true', REFUSED],
    [0, REFUSED],
  ])('that must be a flag: %s', (value, read) => {
    expect(shown(readFlag({ name: value }, 'name'))).toBe(read);
  });
});

it.each([
  ['chat:a', 'chat:a'],
  ['chat:*', 'chat:*'],
  ['**', '**'],
  ['chat:{room}', REFUSED],
  ['chat:**:a', REFUSED],
  [5, REFUSED],
  [undefined, REFUSED],
])('the pattern %s of a caller', (source, read) => {
  const pattern = readPattern(source);
  expect(pattern instanceof Refusal ? REFUSED : pattern.source).toBe(read);
});

describe('a number of a query', () => {
  it.each([
    ['limit=1', { limit: 1 }],
    ['limit=9&text=x', { limit: 9 }],
    ['', {}],
    ['limit=0', REFUSED],
    ['limit=10', REFUSED],
    ['limit=1.5', REFUSED],
    ['limit=-1', REFUSED],
    ['limit=', REFUSED],
    ['limit=1e0', REFUSED],
    ['limit=1&limit=2', REFUSED],
    ['other=1', REFUSED],
    ['toString=1', REFUSED],
  ])('is checked: %s', (query, read) => {
    const options = { limit: { min: 1, max: 9 } };
    expect(shown(readNumbers(new URLSearchParams(query), options, ['text']))).toEqual(read);
  });
});

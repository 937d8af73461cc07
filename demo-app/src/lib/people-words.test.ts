import { expect, it } from 'vitest';
import { countWords, membershipWords, typingWords } from './people-words.ts';

it.each([
  [[], ''],
  [['ada'], 'ada is typing…'],
  [['ada', 'bob'], 'ada and bob are typing…'],
  [['ada', 'bob', 'cleo'], 'ada, bob and cleo are typing…'],
  [['ada', 'bob', 'cleo', 'dan'], 'Several people are typing…'],
])('describes %j as %j', (names, words) => {
  expect(typingWords(names)).toBe(words);
});

it.each([
  [[], [], ''],
  [['ada'], [], 'ada joined'],
  [['ada', 'bob'], ['cleo'], 'ada and bob joined; cleo left'],
  [[], ['a', 'b', 'c', 'd'], '4 people left'],
])('describes joins of %j and leaves of %j as %j', (joined, left, words) => {
  expect(membershipWords(joined, left)).toBe(words);
});

it('counts people', () => {
  expect([1, 2, 1234].map(countWords)).toEqual(['1 person', '2 people', '1,234 people']);
});

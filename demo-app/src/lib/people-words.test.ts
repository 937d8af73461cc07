import { expect, it } from 'vitest';
import { comingWords, countWords, typingWords } from './people-words.ts';

it.each([
  [[], ''],
  [['ada'], 'ada is typing…'],
  [['ada', 'bob'], 'ada and bob are typing…'],
  [['ada', 'bob', 'cleo'], 'ada, bob and cleo are typing…'],
  [['ada', 'bob', 'cleo', 'dan'], 'Several people are typing…'],
])('says of %j that %j', (names, words) => {
  expect(typingWords(names)).toBe(words);
});

it.each([
  [[], [], ''],
  [['ada'], [], 'ada came in'],
  [['ada', 'bob'], ['cleo'], 'ada and bob came in; cleo left'],
  [[], ['a', 'b', 'c', 'd'], '4 people left'],
])('tells that %j came and %j went as %j', (came, left, words) => {
  expect(comingWords(came, left)).toBe(words);
});

it('counts people', () => {
  expect([1, 2, 1234].map(countWords)).toEqual(['1 person', '2 people', '1,234 people']);
});

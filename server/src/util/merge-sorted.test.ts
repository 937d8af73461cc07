import { expect, it } from 'vitest';
import { mergeSorted } from './merge-sorted.ts';

it.each([
  ['nothing', [], []],
  ['empty lists', [[], []], []],
  ['one list', [['a', 'b']], ['a', 'b']],
  [
    'lists that overlap',
    [
      ['a', 'c', 'd'],
      ['b', 'c'],
      ['c', 'e'],
    ],
    ['a', 'b', 'c', 'd', 'e'],
  ],
  [
    'lists one behind the other',
    [
      ['c', 'd'],
      ['a', 'b'],
    ],
    ['a', 'b', 'c', 'd'],
  ],
])('merges %s', (_, lists, merged) => {
  expect([...mergeSorted(lists)]).toEqual(merged);
});

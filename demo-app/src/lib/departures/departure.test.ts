import { expect, it } from 'vitest';
import { type Departure, inWords, withDeparture } from './departure.ts';

const train = (name: string, more: Partial<Departure> = {}): Departure => ({
  ...{
    train: name,
    order: Number(name.slice(3)),
    to: 'Delft',
    platform: '1',
    time: '08:15',
    status: 'on time',
    delay: 0,
  },
  ...more,
});

it('has one row for each train, in the order in which they leave', () => {
  const board = [train('IC 1'), train('IC 2')];
  expect(withDeparture([train('IC 2')], train('IC 1'))).toEqual(board);
  expect(withDeparture(board, train('IC 3')).map((row) => row.train)).toEqual(['IC 1', 'IC 2', 'IC 3']);
  expect(withDeparture(board, train('IC 1', { platform: '7' }))).toEqual([
    train('IC 1', { platform: '7' }),
    train('IC 2'),
  ]);
});

it('removes a train that has departed, also one that it has never shown', () => {
  const board = [train('IC 1'), train('IC 2')];
  expect(withDeparture(board, train('IC 1', { status: 'departed' }))).toEqual([train('IC 2')]);
  expect(withDeparture(board, train('IC 9', { status: 'departed' }))).toEqual(board);
});

it.each([
  [train('a'), 'On time'],
  [train('a', { status: 'delayed', delay: 10 }), '10 min late'],
  [train('a', { status: 'boarding', delay: 5 }), 'Boarding'],
])('says %j as "%s"', (departure, words) => {
  expect(inWords(departure)).toBe(words);
});

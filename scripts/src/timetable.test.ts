import { expect, it } from 'vitest';
import { Timetable } from './timetable.mjs';

/** The same numbers in every run. */
function numbers(): () => number {
  let at = 0;
  return () => {
    at = (at * 16_807 + 12_345) % 2_147_483_647;
    return at / 2_147_483_647;
  };
}

it('shows eight trains, also after many changes, in the order in which they leave', () => {
  const timetable = new Timetable(new Date(2026, 0, 1, 8, 0), numbers());
  for (let change = 0; change < 500; change++) {
    timetable.change();
    expect(timetable.trains).toHaveLength(8);
    const order = timetable.trains.map(({ train }) => Number(train.split(' ')[1]));
    expect(order).toEqual(order.toSorted((a, b) => a - b));
  }
});

it('lets every train board before it departs, and replaces it', () => {
  const timetable = new Timetable(new Date(2026, 0, 1, 8, 0), numbers());
  const boarded = new Set<string>();
  let departed = 0;
  for (let change = 0; change < 200; change++) {
    for (const { train, status } of timetable.change()) {
      if (status === 'boarding') boarded.add(train);
      if (status !== 'departed') continue;
      departed += 1;
      expect(boarded.has(train)).toBe(true);
      expect(timetable.trains.some((each) => each.train === train)).toBe(false);
    }
  }
  expect(departed).toBeGreaterThan(10);
});

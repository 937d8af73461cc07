import { expect, it } from 'vitest';
import { ChurningSet } from './churning-set.ts';

it('holds each item once, in the order in which they came', () => {
  const set = new ChurningSet<number>();
  for (let round = 0; round < 200; round++) {
    set.add(round);
    set.add(round);
    if (round >= 3) expect(set.delete(round - 3)).toBe(true);
    expect(set.delete(-1)).toBe(false);
    const first = Math.max(0, round - 2);
    expect([...set]).toEqual(Array.from({ length: round - first + 1 }, (_, at) => first + at));
    expect(set.size).toBe(round - first + 1);
  }
});

import { expect, it } from 'vitest';
import { SlowStart } from './slow-start.ts';

it('after a failure, one message is sent, and twice as many with each round', () => {
  const pace = new SlowStart(10);
  expect(pace.now).toBe(10);
  pace.failed();
  const rounds: number[] = [];
  for (let round = 0; round < 6; round++) {
    rounds.push(pace.now);
    pace.acknowledged(pace.now);
  }
  expect(rounds).toEqual([1, 2, 4, 8, 10, 10]);
});

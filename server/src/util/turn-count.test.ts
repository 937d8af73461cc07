import { describe, expect, it } from 'vitest';
import { TurnCount } from './turn-count.ts';

describe('a count of one turn', () => {
  it('restarts at the next turn, and only watches turns in which something is counted', () => {
    const ends: (() => void)[] = [];
    const count = new TurnCount((task) => ends.push(task));
    for (let at = 0; at < 3; at++) count.add();
    expect([count.count, ends.length]).toEqual([3, 1]);
    ends.pop()?.();
    expect([count.count, ends.length]).toEqual([0, 0]);
    count.add();
    expect([count.count, ends.length]).toEqual([1, 1]);
  });
});

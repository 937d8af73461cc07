import { describe, expect, it } from 'vitest';
import { ByteBudget } from './byte-budget.ts';

describe('a budget of bytes', () => {
  it('gives all it has and no more', () => {
    const budget = new ByteBudget(10);
    expect([budget.take(4), budget.take(6), budget.take(1), budget.held]).toEqual([true, true, false, 10]);
  });

  it('takes nothing for what it refuses', () => {
    const budget = new ByteBudget(10);
    expect([budget.take(11), budget.held, budget.take(10)]).toEqual([false, 0, true]);
  });

  it('has again what is given back', () => {
    const budget = new ByteBudget(10);
    budget.take(10);
    budget.give(3);
    expect([budget.take(4), budget.take(3)]).toEqual([false, true]);
  });
});

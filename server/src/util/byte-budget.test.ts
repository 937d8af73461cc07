import { describe, expect, it } from 'vitest';
import { ByteBudget } from './byte-budget.ts';

describe('a budget of bytes', () => {
  it('gives all it has and no more', () => {
    const budget = new ByteBudget(10);
    expect([budget.take(4), budget.take(6), budget.take(1), budget.held]).toEqual([true, true, false, 10]);
  });

  it('reserves nothing for a refused request', () => {
    const budget = new ByteBudget(10);
    expect([budget.take(11), budget.held, budget.take(10)]).toEqual([false, 0, true]);
  });

  it('that is part of another reserves from both or from neither', () => {
    const whole = new ByteBudget(10);
    const part = new ByteBudget(6, whole);
    expect([part.take(7), part.take(6), part.take(1), whole.held]).toEqual([false, true, false, 6]);
    expect([whole.take(4), whole.held]).toEqual([true, 10]);
    part.give(3);
    expect([part.held, whole.held, whole.take(2), part.take(2), part.held]).toEqual([3, 7, true, false, 3]);
  });

  it('regains released bytes', () => {
    const budget = new ByteBudget(10);
    budget.take(10);
    budget.give(3);
    expect([budget.take(4), budget.take(3)]).toEqual([false, true]);
  });
});

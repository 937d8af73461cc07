import { describe, expect, it } from 'vitest';
import { bucketsOf, quantileBetween } from './samples.ts';

const text = (counts: readonly number[]) =>
  [
    '# TYPE lag histogram',
    ...['0.001', '0.01', '+Inf'].map((bound, at) => `lag_bucket{le="${bound}"} ${counts[at]}`),
    'lag_sum 3',
  ].join('\n');

describe('a quantile between two readings', () => {
  it('counts only what was observed between them', () => {
    const before = bucketsOf(text([100, 100, 100]), 'lag');
    const after = bucketsOf(text([101, 109, 110]), 'lag');
    expect(quantileBetween(before, after, 0.5)).toBe(0.01);
    expect(quantileBetween(before, after, 0.05)).toBe(0.001);
    expect(quantileBetween(before, after, 0.99)).toBe(Infinity);
  });

  it('is unknown if nothing was observed', () => {
    const same = bucketsOf(text([5, 5, 5]), 'lag');
    expect(quantileBetween(same, same, 0.99)).toBeNull();
    expect(quantileBetween(new Map(), new Map(), 0.99)).toBeNull();
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TokenBucket } from './token-bucket.ts';

describe('TokenBucket', () => {
  it('lets a burst through, then what flows back', () => {
    const bucket = new TokenBucket({ perSecond: 10, burst: 3 }, 0);
    expect([1, 1, 1, 1].map((amount) => bucket.take(amount, 0))).toEqual([0, 0, 0, 100]);
    expect(bucket.take(1, 99)).toBe(1);
    expect(bucket.take(1, 100)).toBe(0);
    expect(bucket.take(1, 100)).toBe(100);
    expect([1, 1, 1, 1].map((amount) => bucket.take(amount, 10_000))).toEqual([0, 0, 0, 100]);
  });

  it('admits a cost above its burst when it is full, and goes into debt', () => {
    const bucket = new TokenBucket({ perSecond: 10, burst: 20 }, 0);
    expect(bucket.take(50, 0)).toBe(0);
    expect(bucket.take(1, 0)).toBe(3_100);
    expect(bucket.take(50, 3_100)).toBe(1_900);
    expect(bucket.take(50, 5_000)).toBe(0);
  });

  it('takes back what was not used, up to the full bucket', () => {
    const bucket = new TokenBucket({ perSecond: 10, burst: 2 }, 0);
    bucket.take(2, 0);
    bucket.giveBack(1);
    expect([bucket.take(1, 0), bucket.take(1, 0)]).toEqual([0, 100]);
    bucket.giveBack(5);
    expect([bucket.take(2, 0), bucket.take(1, 0)]).toEqual([0, 100]);
  });

  it('admits nothing until a charged debt is repaid', () => {
    const bucket = new TokenBucket({ perSecond: 10, burst: 20 }, 0);
    bucket.charge(50, 0);
    expect(bucket.take(1, 0)).toBe(3_100);
    expect(bucket.take(1, 3_099)).toBe(1);
    expect(bucket.take(1, 3_100)).toBe(0);
    bucket.charge(5, 4_100);
    expect(bucket.take(5, 4_100)).toBe(0);
    expect(bucket.take(1, 4_100)).toBe(100);
  });

  it('returns the time until a debt is repaid', () => {
    const bucket = new TokenBucket({ perSecond: 10, burst: 20 }, 0);
    bucket.charge(20, 0);
    expect(bucket.debt(0)).toBe(0);
    bucket.charge(0.01, 0);
    expect(bucket.debt(0)).toBe(1);
    bucket.charge(5, 0);
    expect(bucket.debt(0)).toBe(501);
    expect(bucket.debt(500)).toBe(1);
    expect(bucket.debt(501)).toBe(0);
  });

  it('continues when the clock is set back', () => {
    const bucket = new TokenBucket({ perSecond: 1, burst: 1 }, 3_600_000);
    expect(bucket.take(1, 3_600_000)).toBe(0);
    expect(bucket.take(1, 0)).toBe(1_000);
    expect(bucket.take(1, 1_000)).toBe(0);
  });

  it('equals exact arithmetic for any sequence', () => {
    const takes = fc.array(fc.record({ wait: fc.nat(2_000), amount: fc.nat(300) }), { maxLength: 100 });
    const property = fc.property(
      fc.integer({ min: 1, max: 500 }),
      fc.integer({ min: 1, max: 200 }),
      takes,
      (perSecond, burst, steps) => {
        const bucket = new TokenBucket({ perSecond, burst }, 0);
        const passed: { at: number; amount: number }[] = [];
        let now = 0;
        /** Millisecond by millisecond, in thousandths. */
        let level = burst * 1000;
        for (const { wait, amount } of steps) {
          for (let ms = 0; ms < wait; ms++) level = Math.min(burst * 1000, level + perSecond);
          now += wait;
          let needed = 0;
          for (let later = level; later < Math.min(amount, burst) * 1000; later += perSecond) needed++;
          expect(bucket.take(amount, now)).toBe(needed);
          if (needed > 0) continue;
          level -= amount * 1000;
          passed.push({ at: now, amount });
        }
        const sum = passed.slice(0, -1).reduce((all, { amount }) => all + amount, 0);
        const span = (passed.at(-1)?.at ?? 0) / 1000;
        expect(sum).toBeLessThanOrEqual(burst + span * perSecond);
      },
    );
    fc.assert(property);
  });

  it('admits the same cost after the returned wait, and not before', () => {
    const property = fc.property(
      fc.integer({ min: 1, max: 1_000_000 }),
      fc.integer({ min: 1, max: 1_000_000 }),
      fc.array(fc.integer({ min: 1, max: 2_000_000 }), { minLength: 1, maxLength: 20 }),
      (perSecond, burst, amounts) => {
        const bucket = new TokenBucket({ perSecond, burst }, 0);
        let now = 0;
        for (const amount of amounts) {
          const wait = bucket.take(amount, now);
          if (wait === 0) continue;
          if (wait > 1) expect(bucket.take(amount, now + wait - 1)).toBe(1);
          now += wait;
          expect(bucket.take(amount, now)).toBe(0);
        }
      },
    );
    fc.assert(property);
  });
});

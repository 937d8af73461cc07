import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AgeClock } from './age-clock.ts';
import { ManualClock } from './clock.ts';

const MINUTE = 60_000;
const DAY = 1_440 * MINUTE;
const step = fc.constantFrom(0, 0, 0, MINUTE, -MINUTE, 60 * MINUTE, -60 * MINUTE, DAY, -DAY);

describe('AgeClock', () => {
  it('shows the wall clock as long as nobody sets it', () => {
    const clock = new ManualClock();
    const age = new AgeClock(clock);
    for (const ms of [0, 1, 999, MINUTE, DAY]) {
      clock.advance(ms);
      expect(age.now()).toBe(clock.now());
    }
  });

  it('is never ahead of the wall clock and never runs faster than by a tenth, however the clock is set', () => {
    const steps = fc.array(fc.record({ ms: fc.nat(10 * MINUTE), by: step }), { maxLength: 50 });
    fc.assert(
      fc.property(steps, (all) => {
        const clock = new ManualClock();
        const age = new AgeClock(clock);
        let before = age.now();
        for (const { ms, by } of all) {
          clock.set(by);
          clock.advance(ms);
          const now = age.now();
          expect(now).toBeLessThanOrEqual(clock.now());
          expect(now - before).toBeLessThanOrEqual(ms * 1.1 + 1);
          before = now;
        }
      }),
    );
  });

  it('catches up with a clock that was set forward, and goes back with one that was set back', () => {
    const clock = new ManualClock();
    const age = new AgeClock(clock);
    clock.set(MINUTE);
    clock.advance(9 * MINUTE);
    expect(age.now()).toBeLessThan(clock.now());
    clock.advance(MINUTE);
    expect(age.now()).toBe(clock.now());
    clock.set(-DAY);
    expect(age.now()).toBe(clock.now());
  });
});

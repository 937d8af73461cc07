import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AgeClock } from './age-clock.ts';
import { ManualClock } from './clock.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 1_440 * MINUTE;
const step = fc.constantFrom(0, 0, 0, MINUTE, -MINUTE, 60 * MINUTE, -60 * MINUTE, DAY, -DAY);

describe('AgeClock', () => {
  it('equals the wall clock while that is not set', () => {
    const clock = new ManualClock();
    const age = new AgeClock(clock);
    for (const ms of [0, 1, 999, MINUTE, DAY]) {
      clock.advance(ms);
      expect(age.now()).toBe(clock.now());
    }
  });

  it('is never ahead of the wall clock, and catches up by more than a tenth only after an hour without a step', () => {
    const steps = fc.array(fc.record({ ms: fc.nat(10 * MINUTE), by: step }), { maxLength: 50 });
    fc.assert(
      fc.property(steps, (all) => {
        const clock = new ManualClock();
        const age = new AgeClock(clock);
        let before = age.now();
        let quiet = 0;
        for (const { ms, by } of all) {
          quiet = by === 0 ? quiet + ms : ms;
          clock.set(by);
          clock.advance(ms);
          const now = age.now();
          expect(now).toBeLessThanOrEqual(clock.now());
          if (quiet < HOUR) expect(now - before).toBeLessThanOrEqual(ms * 1.1 + 1);
          before = now;
        }
      }),
    );
  });

  it('never overestimates an age below an hour by more than a tenth, however the clock is set', () => {
    const steps = fc.array(fc.record({ ms: fc.nat(30 * MINUTE), by: step }), { maxLength: 50 });
    fc.assert(
      fc.property(steps, (all) => {
        const clock = new ManualClock();
        const age = new AgeClock(clock);
        const stamps: { at: number; stamp: number }[] = [];
        for (const { ms, by } of all) {
          clock.set(by);
          clock.advance(ms);
          const now = age.now();
          const passed = clock.monotonic();
          for (const { at, stamp } of stamps) {
            if (passed - at < HOUR) expect(now - stamp).toBeLessThanOrEqual((passed - at) * 1.1 + 1);
          }
          stamps.push({ at: passed, stamp: clock.now() });
        }
      }),
    );
  });

  it.each([
    ['a machine that slept for eight hours', 8 * HOUR],
    ['a process that started before it knew the time', 20_000 * DAY],
  ])('is right again after an hour: %s', (_, by) => {
    const clock = new ManualClock();
    const age = new AgeClock(clock);
    clock.set(by);
    for (let minute = 0; minute < 60; minute++) {
      expect(clock.now() - age.now()).toBeGreaterThan(HOUR);
      clock.advance(MINUTE);
    }
    age.now();
    clock.advance(MINUTE);
    expect(age.now()).toBe(clock.now());
  });

  it('does not adopt a clock that is set again within the hour, nor one that was set before', () => {
    const clock = new ManualClock();
    const age = new AgeClock(clock);
    const pass = (by: number, ms: number) => {
      clock.set(by);
      const before = age.now();
      for (let passed = 0; passed < ms; passed += MINUTE) {
        clock.advance(MINUTE);
        expect(age.now() - before).toBeLessThanOrEqual((passed + MINUTE) * 1.1 + 1);
      }
    };
    pass(DAY, 59 * MINUTE);
    pass(-DAY, DAY);
    pass(DAY, 59 * MINUTE);
    pass(MINUTE, 59 * MINUTE);
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

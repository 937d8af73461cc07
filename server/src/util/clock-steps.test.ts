import { describe, expect, it } from 'vitest';
import { ManualClock } from './clock.ts';
import { ClockSteps } from './clock-steps.ts';

function setUp() {
  const clock = new ManualClock();
  const steps: number[] = [];
  const watch = new ClockSteps(clock, (by) => steps.push(by));
  watch.start();
  return { clock, steps, watch };
}

describe('ClockSteps', () => {
  it.each([1_000, -1_000, 86_400_000, -86_400_000])('notices %i ms within a second, once', (by) => {
    const { clock, steps } = setUp();
    clock.advance(10_500);
    clock.set(by);
    clock.advance(1_000);
    expect(steps).toEqual([by]);
    clock.advance(60_000);
    expect(steps).toEqual([by]);
  });

  it('does not mind less than a second, until it has added up', () => {
    const { clock, steps } = setUp();
    clock.set(999);
    clock.advance(5_000);
    expect(steps).toEqual([]);
    clock.set(1);
    clock.advance(1_000);
    expect(steps).toEqual([1_000]);
  });

  it('continues after a listener throws, and stops when it is stopped', () => {
    const clock = new ManualClock();
    const watch = new ClockSteps(clock, () => {
      throw new Error('boom');
    });
    watch.start();
    clock.set(5_000);
    expect(() => clock.advance(1_000)).toThrow('boom');
    expect(clock.running).toBe(1);
    watch.stop();
    expect(clock.running).toBe(0);
  });
});

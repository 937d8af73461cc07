import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ManualClock, systemClock } from './clock.ts';
import { TimerTimeInvalid } from './timer-queue.ts';

describe('a manual clock', () => {
  it('stands still until it is advanced', () => {
    const clock = new ManualClock(1_000);
    const rung: string[] = [];
    clock.after(10, () => rung.push('ten'));
    expect([clock.now(), rung, clock.running]).toEqual([1_000, [], 1]);
    clock.advance(9);
    expect(rung).toEqual([]);
    clock.advance(1);
    expect([clock.now(), rung, clock.running]).toEqual([1_010, ['ten'], 0]);
  });

  it('runs timers in order at their times, including those set in between', () => {
    const clock = new ManualClock(0);
    const rung: [string, number][] = [];
    const ring = (name: string) => () => rung.push([name, clock.now()]);
    clock.after(20, ring('second'));
    clock.after(10, () => {
      ring('first')();
      clock.after(5, ring('between'));
    });
    clock.after(20, ring('third'));
    clock.advance(100);
    expect(rung).toEqual([
      ['first', 10],
      ['between', 15],
      ['second', 20],
      ['third', 20],
    ]);
  });

  it('does not run cancelled timers', () => {
    const clock = new ManualClock();
    const task = vi.fn();
    clock.after(1, task).cancel();
    clock.advance(10);
    expect(task).not.toHaveBeenCalled();
    expect(clock.running).toBe(0);
  });
});

describe.each([
  ['the system clock', () => ({ clock: systemClock, pass: (ms: number) => vi.advanceTimersByTime(ms) })],
  [
    'a manual clock',
    () => {
      const clock = new ManualClock();
      return { clock, pass: (ms: number) => clock.advance(ms) };
    },
  ],
])('%s', (_, start) => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it.each([Number.NaN, undefined as unknown as number])('refuses the delay %s, and runs all other timers', (delay) => {
    const { clock, pass } = start();
    const task = vi.fn();
    clock.after(20, task);
    expect(() => clock.after(delay, task)).toThrow(TimerTimeInvalid);
    clock.after(10, task);
    pass(20);
    expect(task).toHaveBeenCalledTimes(2);
  });

  it('runs a timer with a negative delay as soon as possible', () => {
    const { clock, pass } = start();
    const task = vi.fn();
    clock.after(-100, task);
    pass(1);
    expect(task).toHaveBeenCalledTimes(1);
  });
});

describe('the system clock', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it('rings and can be cancelled', () => {
    const task = vi.fn();
    systemClock.after(100, task);
    systemClock.after(100, task).cancel();
    vi.advanceTimersByTime(100);
    expect(task).toHaveBeenCalledTimes(1);
  });

  it('waits longer than timers of Node can', () => {
    const day = 86_400_000;
    const task = vi.fn();
    systemClock.after(30 * day, task);
    const cancelled = systemClock.after(60 * day, task);
    vi.advanceTimersByTime(30 * day - 1);
    expect(task).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(task).toHaveBeenCalledTimes(1);
    cancelled.cancel();
    vi.advanceTimersByTime(60 * day);
    expect(task).toHaveBeenCalledTimes(1);
    expect(vi.getTimerCount()).toBe(0);
  });
});

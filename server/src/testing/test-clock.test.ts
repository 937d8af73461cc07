import { afterEach, describe, expect, it } from 'vitest';
import { TestClock } from './test-clock.ts';

const HOUR = 3_600_000;

let clock: TestClock;
afterEach(() => clock.close());

describe('the test clock', () => {
  it('runs with real time, plus the time by which it was advanced', async () => {
    clock = new TestClock();
    const before = Date.now();
    expect(clock.now()).toBeGreaterThanOrEqual(before);
    await clock.advance('2h');
    expect(clock.now()).toBeGreaterThanOrEqual(before + 2 * HOUR);
    expect(clock.now()).toBeLessThanOrEqual(Date.now() + 2 * HOUR);
  });

  it('runs timers that fall due while it advances, in order, each at its time', async () => {
    clock = new TestClock();
    const start = clock.now();
    const seen: [string, number][] = [];
    const note = (name: string) => seen.push([name, Math.round((clock.now() - start) / HOUR)]);
    clock.after(3 * HOUR, () => note('third'));
    clock.after(HOUR, () => {
      note('first');
      clock.after(HOUR, () => note('second'));
    });
    clock.after(9 * HOUR, () => note('not yet'));
    await clock.advance('4h');
    expect(seen).toEqual([
      ['first', 1],
      ['second', 2],
      ['third', 3],
    ]);
  });

  it('runs timers in real time too', async () => {
    clock = new TestClock();
    await new Promise<void>((resolve) => void clock.after(5, resolve));
    await clock.advance(HOUR);
    await new Promise<void>((resolve) => void clock.after(5, resolve));
  });

  it('does not run cancelled timers', async () => {
    clock = new TestClock();
    const rung: string[] = [];
    clock.after(HOUR, () => rung.push('cancelled')).cancel();
    clock.after(HOUR, () => rung.push('kept'));
    await clock.advance('1h');
    expect(rung).toEqual(['kept']);
  });

  it.each(['soon', -5, '5 parsecs', Number.NaN])('refuses %s', async (duration) => {
    clock = new TestClock();
    await expect(clock.advance(duration)).rejects.toThrow('is not a duration');
  });
});

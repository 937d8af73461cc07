import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** A clock of its own, on a device whose two clocks the test moves. */
async function start({ performance = true } = {}) {
  vi.resetModules();
  if (!performance) vi.stubGlobal('performance', undefined);
  const { now } = await import('./now.ts');
  const began = now();
  return { passed: () => now() - began };
}

const pass = (ms: number) => vi.advanceTimersByTime(ms);
const setClock = (by: number) => vi.setSystemTime(Date.now() + by);

describe('the clock of the SDK', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });

  it('is not moved by a device whose clock is set back, at whatever moment and however often', async () => {
    const steps = fc.array(fc.record({ ms: fc.nat(HOUR), back: fc.constantFrom(0, 1, MINUTE, HOUR, 24 * HOUR) }));
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        const clock = await start();
        let sum = 0;
        for (const { ms, back } of all) {
          pass(ms);
          setClock(-back);
          sum += ms;
          expect(clock.passed()).toBeCloseTo(sum);
        }
      }),
      { numRuns: 30 },
    );
  });

  it.each([MINUTE, HOUR, 24 * HOUR])('counts %i ms for which the machine slept, once', async (ms) => {
    const clock = await start();
    setClock(ms);
    expect(clock.passed()).toBeCloseTo(ms);
    pass(1_000);
    expect(clock.passed()).toBeCloseTo(ms + 1_000);
    setClock(-ms);
    expect(clock.passed()).toBeCloseTo(ms + 1_000);
  });

  it('is not moved by the small corrections of a time server', async () => {
    const clock = await start();
    for (let n = 0; n < 100; n++) {
      setClock(n % 2 === 0 ? 999 : -999);
      pass(10);
      expect(clock.passed()).toBeCloseTo((n + 1) * 10);
    }
  });

  it('never goes back where there is no steady clock', async () => {
    const clock = await start({ performance: false });
    pass(MINUTE);
    expect(clock.passed()).toBe(MINUTE);
    setClock(-HOUR);
    expect(clock.passed()).toBe(MINUTE);
    pass(MINUTE);
    expect(clock.passed()).toBe(2 * MINUTE);
  });
});

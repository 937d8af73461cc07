import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../util/clock.ts';
import { type LineKind, LogThrottle } from './log-throttle.ts';

const kind = (reason: string, most = 1): LineKind => ({ level: 'warn', message: 'refused', reason, most });

function setUp() {
  const clock = new ManualClock();
  const reports: [reason: string, leftOut: number][] = [];
  const throttle = new LogThrottle(clock, ({ reason }, leftOut) => reports.push([reason, leftOut]));
  const admitted = (reason: string, times: number, most = 1) =>
    Array.from({ length: times }, () => throttle.admits(kind(reason, most))).filter(Boolean).length;
  return { clock, reports, throttle, admitted };
}

describe('lines of one reason', () => {
  it('are written once per second, and the number of omitted lines is reported when the second ends', () => {
    const { clock, reports, admitted } = setUp();
    expect(admitted('origin', 1_000)).toBe(1);
    clock.advance(999);
    expect(reports).toEqual([]);
    clock.advance(1);
    expect(reports).toEqual([['origin', 999]]);
  });

  it('are counted separately for each reason', () => {
    const { clock, reports, admitted } = setUp();
    expect([admitted('a', 3), admitted('b', 1), admitted('c', 2)]).toEqual([1, 1, 1]);
    clock.advance(1_000);
    expect(reports).toEqual([
      ['a', 2],
      ['c', 1],
    ]);
  });

  it('may be several per second', () => {
    const { clock, reports, admitted } = setUp();
    expect(admitted('a', 25, 20)).toBe(20);
    clock.advance(1_000);
    expect(reports).toEqual([['a', 5]]);
  });

  it('are one per second while they go on: the report is one of them', () => {
    const { clock, reports, admitted } = setUp();
    let lines = 0;
    for (let second = 0; second < 10; second++) {
      lines += admitted('a', 100);
      clock.advance(1_000);
    }
    expect(lines).toBe(1);
    expect(reports).toEqual([['a', 99], ...Array.from({ length: 9 }, () => ['a', 100])]);
  });

  it('leave no timer behind when they end', () => {
    const { clock, admitted } = setUp();
    admitted('a', 2);
    clock.advance(2_000);
    expect(clock.running).toBe(0);
    admitted('a', 1);
    clock.advance(1_000);
    expect(clock.running).toBe(0);
  });

  it('are reported at the end, before the second is over', () => {
    const { clock, reports, throttle, admitted } = setUp();
    admitted('a', 3);
    throttle.flush();
    expect(reports).toEqual([['a', 2]]);
    expect(clock.running).toBe(0);
    throttle.flush();
    expect(reports).toHaveLength(1);
  });

  it('are written or counted, in any sequence', () => {
    const step = fc.record({ reason: fc.constantFrom('a', 'b', 'c'), times: fc.nat(30), wait: fc.nat(1_500) });
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const { clock, reports, throttle, admitted } = setUp();
        let asked = 0;
        let written = 0;
        for (const { reason, times, wait } of steps) {
          asked += times;
          written += admitted(reason, times);
          clock.advance(wait);
        }
        throttle.flush();
        expect(written + reports.reduce((sum, [, leftOut]) => sum + leftOut, 0)).toBe(asked);
      }),
    );
  });

  it('of too many reasons are counted together', () => {
    const { clock, reports, throttle } = setUp();
    let admitted = 0;
    for (let n = 0; n < 10_000; n++) if (throttle.admits(kind(`reason ${n}`))) admitted++;
    expect(admitted).toBe(501);
    clock.advance(1_000);
    expect(reports).toEqual([['others', 9_499]]);
  });
});

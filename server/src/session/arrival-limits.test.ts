import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../util/clock.ts';
import { ArrivalLimits } from './arrival-limits.ts';

function limits(connectionRate: number, connectionRatePerAddress: number) {
  const clock = new ManualClock();
  const rate = (perSecond: number, burst: number) => (perSecond === 0 ? null : { perSecond, burst });
  const rates = {
    connectionRate: rate(connectionRate, connectionRate),
    connectionRatePerAddress: rate(connectionRatePerAddress, 10 * connectionRatePerAddress),
  };
  const arrivals = new ArrivalLimits(rates, clock);
  const admitted = (address: string, count: number) =>
    Array.from({ length: count }, () => arrivals.admit(address)).filter((refusal) => refusal === null).length;
  return { clock, arrivals, admitted };
}

describe('how fast connections are opened', () => {
  it('is unlimited without rates, and nothing is remembered', () => {
    const { arrivals, admitted } = limits(0, 0);
    expect([admitted('a', 10_000), arrivals.size]).toEqual([10_000, 0]);
  });

  it('is limited over all addresses', () => {
    const { clock, arrivals, admitted } = limits(2, 0);
    expect([admitted('a', 1), admitted('b', 5)]).toEqual([1, 1]);
    expect(arrivals.admit('c')).toMatchObject({ error: 'connecting_too_fast', retryAfter: 500 });
    clock.advance(500);
    expect(admitted('c', 2)).toBe(1);
  });

  it('is limited per address, with a burst, and others are not affected', () => {
    const { clock, admitted } = limits(0, 1);
    expect([admitted('a', 50), admitted('b', 50)]).toEqual([10, 10]);
    clock.advance(3_000);
    expect(admitted('a', 50)).toBe(3);
  });

  it('counts the addresses of one IPv6 network together', () => {
    const { admitted } = limits(0, 1);
    expect(admitted('2001:db8::1', 6) + admitted('2001:db8::2', 6)).toBe(10);
    expect(admitted('2001:db8:0:1::1', 50)).toBe(10);
  });

  it('is not used up for an address by refusals because of others', () => {
    const { clock, admitted } = limits(1, 1);
    expect(admitted('a', 1)).toBe(1);
    expect(admitted('b', 100)).toBe(0);
    for (let n = 0; n < 10; n++) {
      clock.advance(1_000);
      expect(admitted('b', 1)).toBe(1);
    }
  });

  it('is not used up for others by an address that is refused', () => {
    const { admitted } = limits(20, 1);
    expect([admitted('flood', 1_000), admitted('b', 10)]).toEqual([10, 10]);
  });

  it('forgets addresses whose burst is complete again, and the oldest of too many', () => {
    const { clock, arrivals } = limits(0, 1);
    for (let n = 0; n < 30_000; n++) arrivals.admit(`address ${n}`);
    expect(arrivals.size).toBe(20_000);
    clock.advance(10_000);
    arrivals.admit('a');
    expect(arrivals.size).toBe(1);
  });

  it('follows other rates at once', () => {
    const { arrivals, admitted } = limits(1, 0);
    expect(admitted('a', 5)).toBe(1);
    arrivals.replace({ connectionRate: { perSecond: 3, burst: 3 }, connectionRatePerAddress: null });
    expect(admitted('a', 5)).toBe(3);
  });

  it('never admits more of an address than its rate and burst', () => {
    const step = fc.record({ address: fc.constantFrom('a', 'b'), count: fc.nat(20), pause: fc.nat(5_000) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const { clock, admitted } = limits(0, 2);
        const counts = { a: 0, b: 0 };
        let passed = 0;
        for (const { address, count, pause } of steps) {
          counts[address] += admitted(address, count);
          expect(counts[address]).toBeLessThanOrEqual(20 + (2 * passed) / 1_000);
          clock.advance(pause);
          passed += pause;
        }
      }),
    );
  });
});

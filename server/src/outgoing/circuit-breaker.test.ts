import { describe, expect, it } from 'vitest';
import { ManualClock } from '../util/clock.ts';
import { CircuitBreaker } from './circuit-breaker.ts';

function start() {
  const clock = new ManualClock();
  const changes: number[] = [];
  const breaker = new CircuitBreaker({ clock, random: () => 0.5, onChange: (pause) => void changes.push(pause) });
  const fail = (count = 1) => {
    for (let at = 0; at < count; at++) breaker.failed();
  };
  return { clock, changes, breaker, fail };
}

describe('the circuit breaker', () => {
  it('opens after five failures in a row', () => {
    const { breaker, fail } = start();
    fail(4);
    expect(breaker.permits()).toBe(true);
    breaker.succeeded();
    fail(4);
    expect(breaker.isOpen).toBe(false);
    fail();
    expect([breaker.isOpen, breaker.permits()]).toEqual([true, false]);
  });

  it('lets one call through after its pause', () => {
    const { breaker, clock, fail } = start();
    fail(5);
    clock.advance(999);
    expect(breaker.permits()).toBe(false);
    clock.advance(1);
    expect([breaker.permits(), breaker.permits()]).toEqual([true, false]);
    breaker.succeeded();
    expect([breaker.permits(), breaker.permits()]).toEqual([true, true]);
  });

  it('doubles its pause up to half a minute, and begins anew after a success', () => {
    const { breaker, clock, changes, fail } = start();
    fail(5);
    for (let at = 0; at < 6; at++) {
      clock.advance(30_000);
      breaker.permits();
      fail();
    }
    expect(changes).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    clock.advance(30_000);
    breaker.permits();
    breaker.succeeded();
    fail(5);
    expect(changes.slice(7)).toEqual([0, 1_000]);
  });

  it('lets another call through if the first one learned nothing', () => {
    const { breaker, clock, fail, changes } = start();
    fail(5);
    clock.advance(1_000);
    expect([breaker.permits(), breaker.permits()]).toEqual([true, false]);
    breaker.learnedNothing();
    expect([breaker.permits(), breaker.permits()]).toEqual([true, false]);
    expect(changes).toEqual([1_000]);
  });

  it('does not pause for longer because of calls that were on their way', () => {
    const { breaker, clock, changes, fail } = start();
    fail(8);
    expect(changes).toEqual([1_000]);
    clock.advance(1_000);
    expect(breaker.permits()).toBe(true);
  });
});

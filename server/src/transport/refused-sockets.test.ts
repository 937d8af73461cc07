import { describe, expect, it } from 'vitest';
import { RefusedSockets } from './refused-sockets.ts';

function setUp(most: number) {
  const clock = { time: 5 };
  const refusedSockets = new RefusedSockets({ monotonic: () => clock.time, most });
  return { clock, refusedSockets };
}

describe('WebSockets that were refused with a close frame', () => {
  it('are counted as long as the native side may hold them', () => {
    const { clock, refusedSockets } = setUp(10);
    expect(refusedSockets.size).toBe(0);
    refusedSockets.admit();
    clock.time += 15_000;
    refusedSockets.admit();
    expect(refusedSockets.size).toBe(2);
    clock.time += 4_999;
    expect(refusedSockets.size).toBe(2);
    clock.time += 1;
    expect(refusedSockets.size).toBe(1);
    clock.time += 15_000;
    expect(refusedSockets.size).toBe(0);
  });

  it('are cut if too many are held already', () => {
    const { clock, refusedSockets } = setUp(2);
    expect([refusedSockets.admit(), refusedSockets.admit(), refusedSockets.admit()]).toEqual([true, true, false]);
    clock.time += 20_000;
    expect([refusedSockets.admit(), refusedSockets.size]).toEqual([true, 1]);
  });
});

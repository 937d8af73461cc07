import { describe, expect, it } from 'vitest';
import { Farewells } from './farewells.ts';

function setUp(most: number) {
  const clock = { time: 5 };
  const farewells = new Farewells({ monotonic: () => clock.time, most });
  return { clock, farewells };
}

describe('WebSockets that were refused with a close frame', () => {
  it('are counted as long as the native side may hold them', () => {
    const { clock, farewells } = setUp(10);
    expect(farewells.size).toBe(0);
    farewells.admit();
    clock.time += 15_000;
    farewells.admit();
    expect(farewells.size).toBe(2);
    clock.time += 4_999;
    expect(farewells.size).toBe(2);
    clock.time += 1;
    expect(farewells.size).toBe(1);
    clock.time += 15_000;
    expect(farewells.size).toBe(0);
  });

  it('are cut if too many are held already', () => {
    const { clock, farewells } = setUp(2);
    expect([farewells.admit(), farewells.admit(), farewells.admit()]).toEqual([true, true, false]);
    clock.time += 20_000;
    expect([farewells.admit(), farewells.size]).toEqual([true, 1]);
  });
});

import { describe, expect, it } from 'vitest';
import { ByteBudget } from '../util/byte-budget.ts';
import { Stranger, Strangers } from './strangers.ts';

const LIMIT = 32_000;
/** The budget, in connections. */
const FEW = 32;
const OWN = 16_384;

function setUp() {
  const budget = new ByteBudget(LIMIT);
  const looks = new Set<() => void>();
  const sentAway: number[] = [];
  const state = { memory: 1_000_000 };
  const strangers = new Strangers({
    budget,
    each: 1_000,
    unseen: 1_000,
    memory: () => state.memory,
    every: (_, task) => {
      looks.add(task);
      return () => looks.delete(task);
    },
  });
  let count = 0;
  const enter = (): Stranger => {
    const name = count++;
    const stranger: Stranger = new Stranger(() => {
      sentAway.push(name);
      strangers.leave(stranger);
    });
    strangers.enter(stranger);
    return stranger;
  };
  const look = () => {
    for (const task of looks) task();
  };
  return { budget, strangers, enter, look, looks, sentAway, state };
}

describe('a peer that has not authenticated', () => {
  it('may send a limited number of bytes, in any number of frames', () => {
    const { strangers, enter, budget } = setUp();
    const stranger = enter();
    expect(strangers.hear(stranger, 400)).toBeNull();
    expect(strangers.hear(stranger, 600)).toBeNull();
    expect(strangers.hear(stranger, 1)).toBe('too_much');
    expect(budget.held).toBe(1_000);
    strangers.leave(stranger);
    strangers.leave(stranger);
    expect([budget.held, strangers.size]).toEqual([0, 0]);
  });

  it('gets room if others have held some for longer, which are evicted one by one', () => {
    const { strangers, enter, budget, sentAway } = setUp();
    budget.take(LIMIT - 1_000);
    const [silent, ...others] = [enter(), enter(), enter(), enter()];
    for (const other of others) expect(strangers.hear(other, 300)).toBeNull();
    expect(sentAway).toEqual([]);
    expect(strangers.hear(enter(), 500)).toBeNull();
    expect(sentAway).toEqual([1, 2]);
    expect([strangers.size, silent?.heard, budget.held]).toEqual([3, 0, LIMIT - 200]);
  });

  it('may send nothing if bodies use the whole budget', () => {
    const { strangers, enter, budget } = setUp();
    budget.take(LIMIT - 500);
    const stranger = enter();
    expect([strangers.hear(stranger, 501), strangers.hear(stranger, 500)]).toEqual(['no_room', null]);
  });
});

describe('many peers that have not authenticated', () => {
  it('stay connected while the memory does not grow', () => {
    const { enter, look, looks, sentAway, strangers } = setUp();
    for (let count = 0; count < 500; count++) enter();
    expect(looks.size).toBe(1);
    look();
    expect([sentAway, strangers.size, strangers.crowded]).toEqual([[], 500, true]);
  });

  it('are evicted, the oldest first, once the memory has grown by more than the budget', () => {
    const { enter, look, sentAway, state, strangers, looks } = setUp();
    for (let count = 0; count < FEW + 10; count++) enter();
    state.memory += LIMIT + 10 * OWN;
    look();
    expect(sentAway).toEqual([]);
    state.memory++;
    look();
    expect(sentAway).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect([strangers.size, strangers.crowded, looks.size]).toEqual([FEW, false, 0]);
  });

  it('are checked as they connect, not only at intervals', () => {
    const { enter, sentAway, state } = setUp();
    for (let count = 0; count < FEW + 63; count++) enter();
    state.memory += 2 * LIMIT + 100 * OWN;
    expect(sentAway).toEqual([]);
    enter();
    expect(sentAway).toHaveLength(64);
  });

  it('are charged for open and authenticated connections only, not for earlier ones', () => {
    const { enter, look, sentAway, state, strangers } = setUp();
    for (let count = 0; count < FEW + 10; count++) enter();
    for (let count = 0; count < 1_000; count++) strangers.leave(enter());
    for (let count = 0; count < 5; count++) strangers.trust(enter());
    state.memory += LIMIT + 15 * OWN;
    look();
    expect(sentAway).toEqual([]);
    state.memory++;
    look();
    expect(sentAway).toHaveLength(10);
  });

  it('are no longer checked when most have authenticated, and growth is then measured from a new start', () => {
    const { enter, look, looks, sentAway, state, strangers } = setUp();
    const all = Array.from({ length: FEW + 1 }, enter);
    for (const stranger of all) strangers.leave(stranger);
    expect([looks.size, strangers.size]).toEqual([0, 0]);
    state.memory += 10 * LIMIT;
    for (let count = 0; count < FEW + 1; count++) enter();
    look();
    expect(sentAway).toEqual([]);
    strangers.close();
    expect(looks.size).toBe(0);
  });
});

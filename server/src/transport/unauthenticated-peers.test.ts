import { describe, expect, it } from 'vitest';
import { ByteBudget } from '../util/byte-budget.ts';
import { UnauthenticatedPeer, UnauthenticatedPeers } from './unauthenticated-peers.ts';

const LIMIT = 32_000;
/** The budget, in connections. */
const FEW = 32;
const CONNECTION_BYTES = 16_384;

function setUp() {
  const budget = new ByteBudget(LIMIT);
  const looks = new Set<() => void>();
  const sentAway: number[] = [];
  const state = { memory: 1_000_000 };
  const unauthenticated = new UnauthenticatedPeers({
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
  const enter = (): UnauthenticatedPeer => {
    const name = count++;
    const peer: UnauthenticatedPeer = new UnauthenticatedPeer(() => {
      sentAway.push(name);
      unauthenticated.remove(peer);
    });
    unauthenticated.add(peer);
    return peer;
  };
  const look = () => {
    for (const task of looks) task();
  };
  return { budget, unauthenticated, enter, look, looks, sentAway, state };
}

describe('a peer that has not authenticated', () => {
  it('may send a limited number of bytes, in any number of frames', () => {
    const { unauthenticated, enter, budget } = setUp();
    const peer = enter();
    expect(unauthenticated.receive(peer, 400)).toBeNull();
    expect(unauthenticated.receive(peer, 600)).toBeNull();
    expect(unauthenticated.receive(peer, 1)).toBe('too_much');
    expect(budget.held).toBe(1_000);
    unauthenticated.remove(peer);
    unauthenticated.remove(peer);
    expect([budget.held, unauthenticated.size]).toEqual([0, 0]);
  });

  it('gets room if others have held some for longer, which are evicted one by one', () => {
    const { unauthenticated, enter, budget, sentAway } = setUp();
    budget.take(LIMIT - 1_000);
    const [silent, ...others] = [enter(), enter(), enter(), enter()];
    for (const other of others) expect(unauthenticated.receive(other, 300)).toBeNull();
    expect(sentAway).toEqual([]);
    expect(unauthenticated.receive(enter(), 500)).toBeNull();
    expect(sentAway).toEqual([1, 2]);
    expect([unauthenticated.size, silent?.received, budget.held]).toEqual([3, 0, LIMIT - 200]);
  });

  it('may send nothing if bodies use the whole budget', () => {
    const { unauthenticated, enter, budget } = setUp();
    budget.take(LIMIT - 500);
    const peer = enter();
    expect([unauthenticated.receive(peer, 501), unauthenticated.receive(peer, 500)]).toEqual(['no_room', null]);
  });
});

describe('many peers that have not authenticated', () => {
  it('stay connected while the memory does not grow', () => {
    const { enter, look, looks, sentAway, unauthenticated } = setUp();
    for (let count = 0; count < 500; count++) enter();
    expect(looks.size).toBe(1);
    look();
    expect([sentAway, unauthenticated.size, unauthenticated.crowded]).toEqual([[], 500, true]);
  });

  it('are evicted, the oldest first, once the memory has grown by more than the budget', () => {
    const { enter, look, sentAway, state, unauthenticated, looks } = setUp();
    for (let count = 0; count < FEW + 10; count++) enter();
    state.memory += LIMIT + 10 * CONNECTION_BYTES;
    look();
    expect(sentAway).toEqual([]);
    state.memory++;
    look();
    expect(sentAway).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect([unauthenticated.size, unauthenticated.crowded]).toEqual([FEW, false]);
    look();
    expect(looks.size).toBe(0);
  });

  it('are checked as they connect, not only at intervals', () => {
    const { enter, sentAway, state } = setUp();
    for (let count = 0; count < FEW + 63; count++) enter();
    state.memory += 2 * LIMIT + 100 * CONNECTION_BYTES;
    expect(sentAway).toEqual([]);
    enter();
    expect(sentAway).toHaveLength(64);
  });

  it('are charged for open and authenticated connections only, not for earlier ones', () => {
    const { enter, look, sentAway, state, unauthenticated } = setUp();
    for (let count = 0; count < FEW + 10; count++) enter();
    for (let count = 0; count < 1_000; count++) unauthenticated.remove(enter());
    for (let count = 0; count < 5; count++) unauthenticated.authenticated(enter());
    state.memory += LIMIT + 15 * CONNECTION_BYTES;
    look();
    expect(sentAway).toEqual([]);
    state.memory++;
    look();
    expect(sentAway).toHaveLength(10);
  });

  it('are checked against one start while their number goes up and down between two checks', () => {
    const { enter, look, looks, sentAway, state, unauthenticated } = setUp();
    const all = Array.from({ length: FEW + 1 }, enter);
    for (const peer of all) unauthenticated.remove(peer);
    for (let count = 0; count < FEW + 1; count++) enter();
    expect(looks.size).toBe(1);
    state.memory += LIMIT + CONNECTION_BYTES + 1;
    look();
    expect(sentAway).toHaveLength(1);
  });

  it('are no longer checked when most have authenticated, and growth is then measured from a new start', () => {
    const { enter, look, looks, sentAway, state, unauthenticated } = setUp();
    const all = Array.from({ length: FEW + 1 }, enter);
    for (const peer of all) unauthenticated.remove(peer);
    look();
    expect([looks.size, unauthenticated.size]).toEqual([0, 0]);
    state.memory += 10 * LIMIT;
    for (let count = 0; count < FEW + 1; count++) enter();
    look();
    expect(sentAway).toEqual([]);
    unauthenticated.close();
    expect(looks.size).toBe(0);
  });
});

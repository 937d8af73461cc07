import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../util/clock.ts';
import { presenceConformance } from '../conformance/presence-conformance.ts';
import { MemoryPresence } from './memory-presence.ts';

presenceConformance('the memory engine', () => {
  const clock = new ManualClock();
  return {
    store: new MemoryPresence(clock),
    now: () => clock.now(),
    set: (by) => clock.set(by),
    pass: (ms) => clock.advance(ms),
  };
});

describe('MemoryPresence', () => {
  it('keeps no channel and no timer after all members have left', () => {
    const clock = new ManualClock();
    const store = new MemoryPresence(clock);
    for (const connection of ['c1', 'c2']) {
      store.enter({ channel: 'a', connection, user: 'ada' });
      store.leave({ channel: 'a', connection, user: 'ada' }, 1_000);
    }
    expect(clock.running).toBe(1);
    clock.advance(1_000);
    expect({ channels: store.size, timers: clock.running }).toEqual({ channels: 0, timers: 0 });
  });

  it('stops all timers when it closes', () => {
    const clock = new ManualClock();
    const store = new MemoryPresence(clock);
    store.enter({ channel: 'a', connection: 'c1', user: 'ada' });
    store.leave({ channel: 'a', connection: 'c1', user: 'ada' }, 1_000);
    store.close();
    expect(clock.running).toBe(0);
  });

  it('finds a late page of a large channel by binary search', () => {
    const store = new MemoryPresence(new ManualClock());
    for (let n = 0; n < 100_000; n++) store.enter({ channel: 'a', connection: `c${n}`, user: `user ${n}` });
    for (let n = 0; n < 60_000; n++) store.leave({ channel: 'a', connection: `c${n}`, user: `user ${n}` }, 0);
    const { total, members } = store.list('a', 99_990, 5);
    expect(total).toBe(40_000);
    expect(members.map(({ member }) => member.user)).toEqual([90, 91, 92, 93, 94].map((n) => `user 999${n}`));
  });
});

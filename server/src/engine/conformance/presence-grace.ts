import { expect, it } from 'vitest';
import { at, GRACE, HOUR, type PresenceUse } from './presence-bench.ts';

/** Grace periods of closed connections. */
export function testGrace(use: () => PresenceUse): void {
  it('counts a closed connection until its grace period ends', async () => {
    await use().store.enter(at('c1', 'ada'));
    await use().store.leave(at('c1', 'ada'), GRACE);
    await use().pass(GRACE - 1);
    expect(await use().members()).toMatchObject([{ user: 'ada', connections: 1 }]);
    await use().news();
    await use().pass(1);
    expect(await use().members()).toEqual([]);
    expect(await use().news()).toEqual(['ada']);
  });

  it.each([HOUR, -HOUR, 24 * HOUR, -24 * HOUR])(
    'keeps the grace period when the wall clock is set by %i ms',
    async (by) => {
      await use().store.enter(at('c1', 'ada'));
      await use().store.leave(at('c1', 'ada'), GRACE);
      use().set(by);
      await use().store.enter(at('c2', 'ben'));
      await use().pass(0.9 * GRACE);
      await use().store.enter({ ...at('c2', 'ben'), state: 'here' });
      expect(await use().members()).toMatchObject([{ user: 'ada', connections: 1 }, { user: 'ben' }]);
      await use().pass(0.1 * GRACE);
      expect(await use().members()).toMatchObject([{ user: 'ben' }]);
    },
  );

  it('announces nothing for a reload, nor for two at once', async () => {
    for (const connection of ['c1', 'c2']) await use().store.enter({ ...at(connection, 'ada'), state: 'here' });
    await use().news();
    for (const connection of ['c1', 'c2']) await use().store.leave(at(connection, 'ada'), GRACE);
    await use().pass(GRACE / 2);
    for (const connection of ['c3', 'c4']) await use().store.enter(at(connection, 'ada'));
    await use().pass(3 * GRACE);
    expect(await use().news()).toEqual([]);
    expect(await use().members()).toMatchObject([{ user: 'ada', state: 'here', connections: 2 }]);
  });

  it('keeps the grace period of one connection while another changes the state', async () => {
    await use().store.enter(at('c1', 'ada'));
    await use().store.enter(at('c2', 'ada'));
    await use().store.leave(at('c1', 'ada'), GRACE);
    await use().store.enter({ ...at('c2', 'ada'), state: 'busy' });
    expect(await use().members()).toMatchObject([{ connections: 2, state: 'busy' }]);
    await use().pass(GRACE);
    expect(await use().members()).toMatchObject([{ connections: 1, state: 'busy' }]);
  });

  it('ends a grace period at once on a leave without grace', async () => {
    await use().store.enter(at('c1', 'ada'));
    await use().store.leave(at('c1', 'ada'), GRACE);
    await use().store.leave(at('c1', 'ada'), 0);
    expect(await use().members()).toEqual([]);
    await use().news();
    await use().pass(2 * GRACE);
    expect(await use().news()).toEqual([]);
  });

  it('removes a member who leaves several times', async () => {
    await use().store.enter(at('c1', 'ada'));
    await use().store.leave(at('c1', 'ada'), GRACE);
    await use().store.leave(at('c1', 'ada'), 3 * GRACE);
    await use().pass(3 * GRACE);
    expect(await use().members()).toEqual([]);
  });
}

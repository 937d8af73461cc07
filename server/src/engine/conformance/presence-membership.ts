import type { Member } from '@sluice/protocol';
import { expect, it } from 'vitest';
import type { EnterRequest } from '../presence.ts';
import { at, type PresenceUse, ROOM, watch } from './presence-bench.ts';

/** Members, their connections, info and state. */
export function testMembership(use: () => PresenceUse): void {
  it('has no members in an unused channel', async () => {
    expect(await use().store.roster(ROOM)).toMatchObject({ total: 0, bytes: 0 });
    expect(await use().store.list(ROOM, 0, 10)).toMatchObject({ total: 0, members: [] });
    await use().store.leave(at('c1', 'ada'), 0);
    expect(await use().news()).toEqual([]);
  });

  it('makes one member of all connections of a user', async () => {
    const since = use().now();
    for (const connection of ['c1', 'c2', 'c3']) await use().store.enter(at(connection, 'ada'));
    expect(await use().members()).toEqual([{ user: 'ada', connections: 3, since }]);
    expect((await use().news()).map((member) => (member as Member).connections)).toEqual([1, 2, 3]);
    await use().store.leave(at('c2', 'ada'), 0);
    await use().store.leave(at('c1', 'ada'), 0);
    expect((await use().news()).map((member) => (member as Member).connections)).toEqual([2, 1]);
    await use().store.leave(at('c3', 'ada'), 0);
    expect(await use().news()).toEqual(['ada']);
    expect(await use().members()).toEqual([]);
  });

  it('keeps users and channels apart', async () => {
    await use().store.enter(at('c1', 'ada'));
    await use().store.enter(at('c1', 'ada', 'other'));
    await use().store.enter(at('c2', 'ben', 'other'));
    await use().store.leave(at('c1', 'ada', 'other'), 0);
    expect((await use().members()).map(({ user }) => user)).toEqual(['ada']);
    expect((await use().members('other')).map(({ user }) => user)).toEqual(['ben']);
  });

  it('stores the latest info and state', async () => {
    const enter = (given: Partial<EnterRequest>) => use().store.enter({ ...at('c1', 'ada'), ...given });
    const seen = async () => (await use().members()).map(({ info, state }) => ({ info, state }));
    await enter({ info: { name: 'Ada' }, state: 'away' });
    expect(await seen()).toEqual([{ info: { name: 'Ada' }, state: 'away' }]);
    await enter({ info: { name: 'Countess' } });
    expect(await seen()).toEqual([{ info: { name: 'Countess' }, state: 'away' }]);
    await enter({ info: { name: 'Countess' }, state: null });
    expect(await seen()).toEqual([{ info: { name: 'Countess' }, state: null }]);
    await enter({});
    expect(await seen()).toEqual([{ info: { name: 'Countess' }, state: null }]);
    await use().store.enter({ ...at('c2', 'ada'), state: 'back' });
    expect(await seen()).toEqual([{ info: { name: 'Countess' }, state: 'back' }]);
    await enter({ withoutInfo: true });
    expect(await seen()).toEqual([{ info: undefined, state: 'back' }]);
    await enter({ info: null });
    expect(await seen()).toEqual([{ info: null, state: 'back' }]);
    expect(await use().news()).toHaveLength(6);
  });

  it('forgets the state of a member who has left', async () => {
    await use().store.enter({ ...at('c1', 'ada'), state: 'away' });
    await use().store.leave(at('c1', 'ada'), 0);
    await use().store.enter(at('c1', 'ada'));
    expect(await use().members()).toEqual([{ user: 'ada', connections: 1, since: use().now() }]);
  });

  it('announces nothing if nothing changes', async () => {
    await use().store.enter({ ...at('c1', 'ada'), info: { a: 1 }, state: [1] });
    await use().news();
    await use().store.enter({ ...at('c1', 'ada'), info: { a: 1 } });
    await use().store.enter({ ...at('c1', 'ada'), info: { a: 1 }, state: [1] });
    await use().store.leave(at('c2', 'ada'), 0);
    await use().store.leave(at('c1', 'ben'), 0);
    expect(await use().news()).toEqual([]);
  });

  it('announces nothing on a channel that is not watched any more, if it announces only watched channels', async () => {
    if (use().store.watch === undefined) return expect(use().store.unwatch).toBeUndefined();
    use().store.unwatch?.('other');
    await use().store.enter(at('c1', 'ada', 'other'));
    await use().store.enter(at('c1', 'ada'));
    expect(await use().news('other')).toEqual([]);
    await watch(use().store, 'other');
    await use().store.enter({ ...at('c1', 'ada', 'other'), state: 'again' });
    expect(await use().news('other')).toMatchObject([{ user: 'ada', state: 'again' }]);
  });

  it('counts the bytes of members as JSON', async () => {
    await use().store.enter({ ...at('c1', 'ada'), state: 'ü€😀' });
    await use().store.enter({ ...at('c2', 'ben'), state: 'x'.repeat(100) });
    await use().store.enter({ ...at('c2', 'ben'), state: 'x' });
    const expected = (await use().members()).reduce(
      (sum, member) => sum + Buffer.byteLength(JSON.stringify(member)),
      0,
    );
    expect(await use().store.roster(ROOM)).toMatchObject({ bytes: expected });
    for (const [connection, user] of [
      ['c1', 'ada'],
      ['c2', 'ben'],
    ] as const)
      await use().store.leave(at(connection, user), 0);
    expect(await use().store.roster(ROOM)).toMatchObject({ bytes: 0 });
  });
}

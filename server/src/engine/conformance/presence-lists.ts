import { expect, it } from 'vitest';
import { at, GRACE, type PresenceUse, ROOM } from './presence-bench.ts';

/** Pages of members, in the order of arrival. */
export function testLists(use: () => PresenceUse): void {
  it('lists members in the order of arrival, page by page, while members leave', async () => {
    const users = Array.from({ length: 25 }, (_, n) => `user ${n}`);
    for (const user of users) await use().store.enter(at(`c-${user}`, user));
    await use().store.enter({ ...at('c-user 3', 'user 3'), state: 'moved nowhere' });
    expect((await use().members()).map(({ user }) => user)).toEqual(users);
    const seen: string[] = [];
    let after = 0;
    for (
      let page = await use().store.list(ROOM, after, 4);
      page.members.length > 0;
      page = await use().store.list(ROOM, after, 4)
    ) {
      seen.push(...page.members.map(({ member }) => member.user));
      const last = page.members.at(-1);
      after = last?.ordinal ?? 0;
      await use().store.leave(at(`c-${last?.member.user}`, last?.member.user ?? ''), 0);
    }
    expect(seen).toEqual(users);
  });

  it('lists more than a thousand members once each, and removes them all', async () => {
    const users = Array.from({ length: 1_100 }, (_, n) => `user ${n}`);
    await Promise.all(users.map((user) => use().store.enter(at(`c-${user}`, user))));
    expect((await use().store.roster(ROOM)).total).toBe(users.length);
    const seen: string[] = [];
    for (let after = 0; ; ) {
      const page = await use().store.list(ROOM, after, 500);
      if (page.members.length === 0) break;
      seen.push(...page.members.map(({ member }) => member.user));
      after = page.members.at(-1)?.ordinal ?? 0;
    }
    expect(seen.toSorted()).toEqual(users.toSorted());
    await Promise.all(users.map((user) => use().store.leave(at(`c-${user}`, user), GRACE)));
    expect((await use().store.roster(ROOM)).total).toBe(users.length);
    await use().pass(GRACE);
    await use().pass(0);
    await expect.poll(async () => use().store.roster(ROOM)).toMatchObject({ total: 0, bytes: 0 });
    expect((await use().news()).filter((one) => typeof one === 'string').toSorted()).toEqual(users.toSorted());
  });

  it('lists channels by name, as long as they have members', async () => {
    const { store } = use();
    for (const channel of ['c', 'a', 'b:x'])
      for (const user of ['ada', 'ben']) await store.enter(at(user, user, channel));
    expect(await store.channels('', 100)).toEqual({ channels: ['a', 'b:x', 'c'], upTo: null });
    expect(await store.channels('b:x', 1)).toEqual({ channels: ['b:x'], upTo: 'b:x' });
    await store.leave(at('ada', 'ada', 'a'), 0);
    for (const user of ['ada', 'ben']) await store.leave(at(user, user, 'b:x'), 0);
    for (const user of ['ada', 'ben']) await store.leave(at(user, user, 'c'), GRACE);
    expect(await store.channels('', 100)).toEqual({ channels: ['a', 'c'], upTo: null });
    await use().pass(GRACE);
    await expect.poll(() => store.channels('', 100)).toEqual({ channels: ['a'], upTo: null });
  });

  it('gives a returning member the last ordinal', async () => {
    for (const user of ['ada', 'ben']) await use().store.enter(at(`c-${user}`, user));
    await use().store.leave(at('c-ada', 'ada'), 0);
    await use().store.enter(at('c-ada', 'ada'));
    expect((await use().members()).map(({ user }) => user)).toEqual(['ben', 'ada']);
  });
}

import type { Json, Member } from '@sluice/protocol';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TELL_IN_TIME } from './conformance.ts';
import type { PresenceChange, PresenceStore } from './presence.ts';

/** A store under test, and the time that it lives by. */
export interface PresenceBench {
  readonly store: PresenceStore;
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Sets the wall clock forward, or back. */
  set(by: number): void;
  /** Lets time pass; resolves when what fell due has been announced. */
  pass(milliseconds: number): void | Promise<void>;
}

const ROOM = 'room';
const GRACE = 5_000;
const HOUR = 3_600_000;

const at = (connection: string, user: string, channel = ROOM) => ({ channel, connection, user });

/** Changes are told of what comes after a list that was asked for since. */
async function watch(store: PresenceStore, channel: string): Promise<void> {
  store.watch?.(channel);
  await store.list(channel, 0, 1);
}

/**
 * The suite that every presence store must pass.
 *
 * @param options `runs` of the property: fewer where a store is far away
 */
export function presenceConformance(
  name: string,
  create: () => PresenceBench | Promise<PresenceBench>,
  { runs = 200 }: { runs?: number } = {},
): void {
  describe(`presence on ${name}`, () => {
    let bench: PresenceBench;
    let store: PresenceStore;
    let changes: PresenceChange[];

    beforeEach(async () => {
      bench = await create();
      store = bench.store;
      changes = [];
      store.start((change) => changes.push(change));
      for (const channel of [ROOM, 'other']) await watch(store, channel);
    });
    afterEach(() => store.close());

    /** What was announced since the last call, without versions. */
    async function news(channel = ROOM): Promise<(Member | string)[]> {
      await bench.pass(0);
      const told = changes.filter((change) => change.channel === channel).map(({ member, user }) => member ?? user);
      changes = [];
      return told;
    }

    async function members(channel = ROOM): Promise<readonly Member[]> {
      return (await store.list(channel, 0, 1000)).members.map(({ member }) => member);
    }

    it('has nobody in a channel that nobody entered', async () => {
      expect(await store.roster(ROOM)).toMatchObject({ total: 0, bytes: 0 });
      expect(await store.list(ROOM, 0, 10)).toMatchObject({ total: 0, members: [] });
      await store.leave(at('c1', 'ada'), 0);
      expect(await news()).toEqual([]);
    });

    it('makes one member of all connections of a user', async () => {
      const since = bench.now();
      for (const connection of ['c1', 'c2', 'c3']) await store.enter(at(connection, 'ada'));
      expect(await members()).toEqual([{ user: 'ada', connections: 3, since }]);
      expect((await news()).map((member) => (member as Member).connections)).toEqual([1, 2, 3]);
      await store.leave(at('c2', 'ada'), 0);
      await store.leave(at('c1', 'ada'), 0);
      expect((await news()).map((member) => (member as Member).connections)).toEqual([2, 1]);
      await store.leave(at('c3', 'ada'), 0);
      expect(await news()).toEqual(['ada']);
      expect(await members()).toEqual([]);
    });

    it('keeps users and channels apart', async () => {
      await store.enter(at('c1', 'ada'));
      await store.enter(at('c1', 'ada', 'other'));
      await store.enter(at('c2', 'ben', 'other'));
      await store.leave(at('c1', 'ada', 'other'), 0);
      expect((await members()).map(({ user }) => user)).toEqual(['ada']);
      expect((await members('other')).map(({ user }) => user)).toEqual(['ben']);
    });

    it('knows info and state, as they were given last', async () => {
      const enter = (given: { info?: Json; state?: Json }) => store.enter({ ...at('c1', 'ada'), ...given });
      const seen = async () => (await members()).map(({ info, state }) => ({ info, state }));
      await enter({ info: { name: 'Ada' }, state: 'away' });
      expect(await seen()).toEqual([{ info: { name: 'Ada' }, state: 'away' }]);
      await enter({ info: { name: 'Countess' } });
      expect(await seen()).toEqual([{ info: { name: 'Countess' }, state: 'away' }]);
      await enter({ info: { name: 'Countess' }, state: null });
      expect(await seen()).toEqual([{ info: { name: 'Countess' }, state: null }]);
      await enter({});
      expect(await seen()).toEqual([{ info: undefined, state: null }]);
      await store.enter({ ...at('c2', 'ada'), state: 'back' });
      expect(await seen()).toEqual([{ info: undefined, state: 'back' }]);
      expect(await news()).toHaveLength(5);
    });

    it('forgets the state of a member who has left', async () => {
      await store.enter({ ...at('c1', 'ada'), state: 'away' });
      await store.leave(at('c1', 'ada'), 0);
      await store.enter(at('c1', 'ada'));
      expect(await members()).toEqual([{ user: 'ada', connections: 1, since: bench.now() }]);
    });

    it('announces nothing where nothing changed', async () => {
      await store.enter({ ...at('c1', 'ada'), info: { a: 1 }, state: [1] });
      await news();
      await store.enter({ ...at('c1', 'ada'), info: { a: 1 } });
      await store.enter({ ...at('c1', 'ada'), info: { a: 1 }, state: [1] });
      await store.leave(at('c2', 'ada'), 0);
      await store.leave(at('c1', 'ben'), 0);
      expect(await news()).toEqual([]);
    });

    it('lets a connection that is gone count for its grace', async () => {
      await store.enter(at('c1', 'ada'));
      await store.leave(at('c1', 'ada'), GRACE);
      await bench.pass(GRACE - 1);
      expect(await members()).toMatchObject([{ user: 'ada', connections: 1 }]);
      await news();
      await bench.pass(1);
      expect(await members()).toEqual([]);
      expect(await news()).toEqual(['ada']);
    });

    it.each([HOUR, -HOUR, 24 * HOUR, -24 * HOUR])(
      'and does so when the wall clock is set by %i ms meanwhile',
      async (by) => {
        await store.enter(at('c1', 'ada'));
        await store.leave(at('c1', 'ada'), GRACE);
        bench.set(by);
        await store.enter(at('c2', 'ben'));
        await bench.pass(0.9 * GRACE);
        await store.enter({ ...at('c2', 'ben'), state: 'here' });
        expect(await members()).toMatchObject([{ user: 'ada', connections: 1 }, { user: 'ben' }]);
        await bench.pass(0.1 * GRACE);
        expect(await members()).toMatchObject([{ user: 'ben' }]);
      },
    );

    it('tells nothing of a reload, nor of two at once', async () => {
      for (const connection of ['c1', 'c2']) await store.enter({ ...at(connection, 'ada'), state: 'here' });
      await news();
      for (const connection of ['c1', 'c2']) await store.leave(at(connection, 'ada'), GRACE);
      await bench.pass(GRACE / 2);
      for (const connection of ['c3', 'c4']) await store.enter(at(connection, 'ada'));
      await bench.pass(3 * GRACE);
      expect(await news()).toEqual([]);
      expect(await members()).toMatchObject([{ user: 'ada', state: 'here', connections: 2 }]);
    });

    it('goes on waiting for one connection while another changes the state', async () => {
      await store.enter(at('c1', 'ada'));
      await store.enter(at('c2', 'ada'));
      await store.leave(at('c1', 'ada'), GRACE);
      await store.enter({ ...at('c2', 'ada'), state: 'busy' });
      expect(await members()).toMatchObject([{ connections: 2, state: 'busy' }]);
      await bench.pass(GRACE);
      expect(await members()).toMatchObject([{ connections: 1, state: 'busy' }]);
    });

    it('ends at once what is left while it is waited for', async () => {
      await store.enter(at('c1', 'ada'));
      await store.leave(at('c1', 'ada'), GRACE);
      await store.leave(at('c1', 'ada'), 0);
      expect(await members()).toEqual([]);
      await news();
      await bench.pass(2 * GRACE);
      expect(await news()).toEqual([]);
    });

    it('lists in the order of arrival, page by page, also where somebody left meanwhile', async () => {
      const users = Array.from({ length: 25 }, (_, n) => `user ${n}`);
      for (const user of users) await store.enter(at(`c-${user}`, user));
      await store.enter({ ...at('c-user 3', 'user 3'), state: 'moved nowhere' });
      expect((await members()).map(({ user }) => user)).toEqual(users);
      const seen: string[] = [];
      let after = 0;
      for (
        let page = await store.list(ROOM, after, 4);
        page.members.length > 0;
        page = await store.list(ROOM, after, 4)
      ) {
        seen.push(...page.members.map(({ member }) => member.user));
        const last = page.members.at(-1);
        after = last?.ordinal ?? 0;
        await store.leave(at(`c-${last?.member.user}`, last?.member.user ?? ''), 0);
      }
      expect(seen).toEqual(users);
    });

    it('has room for more than a thousand members, lists them once each, and lets all of them go', async () => {
      const users = Array.from({ length: 1_100 }, (_, n) => `user ${n}`);
      await Promise.all(users.map((user) => store.enter(at(`c-${user}`, user))));
      expect((await store.roster(ROOM)).total).toBe(users.length);
      const seen: string[] = [];
      for (let after = 0; ; ) {
        const page = await store.list(ROOM, after, 500);
        if (page.members.length === 0) break;
        seen.push(...page.members.map(({ member }) => member.user));
        after = page.members.at(-1)?.ordinal ?? 0;
      }
      expect(seen.toSorted()).toEqual(users.toSorted());
      await Promise.all(users.map((user) => store.leave(at(`c-${user}`, user), GRACE)));
      expect((await store.roster(ROOM)).total).toBe(users.length);
      await bench.pass(GRACE);
      await bench.pass(0);
      await expect.poll(async () => store.roster(ROOM)).toMatchObject({ total: 0, bytes: 0 });
      expect((await news()).filter((one) => typeof one === 'string').toSorted()).toEqual(users.toSorted());
    });

    it('tells nothing of a channel that is watched no more, where only watched ones are told of', async () => {
      if (store.watch === undefined) return expect(store.unwatch).toBeUndefined();
      store.unwatch?.('other');
      await store.enter(at('c1', 'ada', 'other'));
      await store.enter(at('c1', 'ada'));
      expect(await news('other')).toEqual([]);
      await watch(store, 'other');
      await store.enter({ ...at('c1', 'ada', 'other'), state: 'again' });
      expect(await news('other')).toMatchObject([{ user: 'ada', state: 'again' }]);
    });

    it('lets somebody go for good who leaves several times', async () => {
      await store.enter(at('c1', 'ada'));
      await store.leave(at('c1', 'ada'), GRACE);
      await store.leave(at('c1', 'ada'), 3 * GRACE);
      await bench.pass(3 * GRACE);
      expect(await members()).toEqual([]);
    });

    it('gives a member who comes back the last place', async () => {
      for (const user of ['ada', 'ben']) await store.enter(at(`c-${user}`, user));
      await store.leave(at('c-ada', 'ada'), 0);
      await store.enter(at('c-ada', 'ada'));
      expect((await members()).map(({ user }) => user)).toEqual(['ben', 'ada']);
    });

    it('counts bytes as they are written', async () => {
      await store.enter({ ...at('c1', 'ada'), state: 'ü€😀' });
      await store.enter({ ...at('c2', 'ben'), state: 'x'.repeat(100) });
      await store.enter({ ...at('c2', 'ben'), state: 'x' });
      const expected = (await members()).reduce((sum, member) => sum + Buffer.byteLength(JSON.stringify(member)), 0);
      expect(await store.roster(ROOM)).toMatchObject({ bytes: expected });
      for (const [connection, user] of [
        ['c1', 'ada'],
        ['c2', 'ben'],
      ] as const)
        await store.leave(at(connection, user), 0);
      expect(await store.roster(ROOM)).toMatchObject({ bytes: 0 });
    });

    it('is as a list of ten lines would have it, whatever happens', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), async (steps) => {
          const { store: fresh, now, pass } = await create();
          const told: PresenceChange[] = [];
          fresh.start((change) => told.push(change));
          for (const channel of CHANNELS) await watch(fresh, channel);
          const model = new PresenceModel();
          for (const { kind, user, connection, channel, state, grace, ms } of steps) {
            const where = at(`${user}-${connection}`, user, channel);
            model.expire(now());
            if (kind === 'pass') await pass(ms);
            else if (kind === 'enter') {
              await fresh.enter({ ...where, ...(state === undefined ? {} : { state }) });
              model.enter(where, state, now());
            } else {
              await fresh.leave(where, grace);
              model.leave(where, now() + grace);
            }
            await pass(0);
            model.expire(now());
            for (const name of CHANNELS) {
              const { version, total, members: listed } = await fresh.list(name, 0, 1000);
              expect(listed.map(({ member }) => member)).toEqual(model.members(name));
              expect(total).toBe(listed.length);
              expect(replayed(told, name)).toEqual(new Map(listed.map(({ member }) => [member.user, member])));
              const latest = told.findLast((change) => change.channel === name)?.version ?? 0;
              expect(version).toBeGreaterThanOrEqual(latest);
              expect(total > 0 ? version : latest).toBe(latest);
            }
          }
          for (const name of CHANNELS) {
            const versions = told.filter(({ channel }) => channel === name).map(({ version }) => version);
            expect(versions).toEqual([...new Set(versions)].sort((a, b) => a - b));
          }
          fresh.close();
        }),
        { numRuns: runs, ...TELL_IN_TIME },
      );
    });
  });
}

const CHANNELS = ['a', 'b'];

const step = fc.record({
  kind: fc.constantFrom('enter', 'enter', 'leave', 'leave', 'pass'),
  channel: fc.constantFrom(...CHANNELS),
  user: fc.constantFrom('ada', 'ben', 'cy'),
  connection: fc.constantFrom(1, 2, 3),
  state: fc.option(fc.constantFrom<Json>('x', null, { y: 1 }), { nil: undefined }),
  grace: fc.constantFrom(0, 1_000, GRACE),
  ms: fc.constantFrom(1, 999, 1_000, GRACE),
});

/** What somebody knows who heard all changes. */
function replayed(told: readonly PresenceChange[], channel: string): Map<string, Member> {
  const known = new Map<string, Member>();
  for (const change of told) {
    if (change.channel !== channel) continue;
    if (change.member === null) known.delete(change.user);
    else known.set(change.user, change.member);
  }
  return known;
}

interface Row {
  readonly channel: string;
  readonly user: string;
  readonly since: number;
  state: Json | undefined;
  /** Until when each connection counts: for ever, or those that have gone, in the order in which they went. */
  connections: { name: string; until: number }[];
}

/** The simplest thing that could be right. */
class PresenceModel {
  #rows: Row[] = [];

  enter({ channel, connection, user }: ReturnType<typeof at>, state: Json | undefined, now: number): void {
    const present = this.#rows.find((other) => other.channel === channel && other.user === user);
    const row = present ?? { channel, user, since: now, state: undefined, connections: [] };
    if (present === undefined) this.#rows.push(row);
    const known = row.connections.find(({ name }) => name === connection);
    const replaced = known ?? row.connections.find(({ until }) => until < Infinity);
    row.connections = [...row.connections.filter((each) => each !== replaced), { name: connection, until: Infinity }];
    row.state = state === undefined ? row.state : state;
  }

  leave({ channel, connection, user }: ReturnType<typeof at>, until: number): void {
    const row = this.#rows.find((other) => other.channel === channel && other.user === user);
    const left = row?.connections.find(({ name }) => name === connection);
    if (row === undefined || left === undefined) return;
    row.connections = [...row.connections.filter((each) => each !== left), { name: connection, until }];
  }

  expire(now: number): void {
    for (const row of this.#rows) row.connections = row.connections.filter(({ until }) => until > now);
    this.#rows = this.#rows.filter(({ connections }) => connections.length > 0);
  }

  members(channel: string): Member[] {
    return this.#rows
      .filter((row) => row.channel === channel)
      .map(({ user, since, state, connections }) => ({
        user,
        ...(state === undefined ? undefined : { state }),
        connections: connections.length,
        since,
      }));
  }
}

import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { MemoryEngine } from '../engine/memory/memory-engine.ts';
import { MemoryPresence } from '../engine/memory/memory-presence.ts';
import type { EnterRequest, ListedMember, MemberConnection, PresenceStore } from '../engine/presence.ts';
import { ManualClock } from '../util/clock.ts';
import { Occupancy } from './occupancy.ts';
import { OccupancyRecord } from './occupancy-record.ts';

const LIST = '#list';
const member = (user: string, since = 1) => ({ user, since, connections: 1 }) as ListedMember['member'];
const change = (user: string, since: number | null, version = 1) => ({
  ...{ channel: LIST, user, version },
  member: since === null ? null : member(user, since),
});

function start({ members = 0, enter = () => {} }: { members?: number; enter?: () => void | Promise<void> } = {}) {
  const calls: string[] = [];
  const faults: unknown[] = [];
  const all = Array.from({ length: members }, (_, at) => ({ member: member(`u${at}`, at), ordinal: at + 1 }));
  const store = {
    list: async (_: string, after: number, limit: number) => ({ members: all.slice(after, after + limit) }),
    enter: ({ user }: EnterRequest) => {
      calls.push(`enter ${user}`);
      return enter();
    },
    leave: ({ user }: MemberConnection, grace: number) => void calls.push(`leave ${user} ${grace}`),
  } as unknown as PresenceStore;
  const onFault = (error: unknown) => void faults.push(error);
  const record = () => undefined;
  const occupancy = new Occupancy({ store, list: LIST, node: 'n', grace: () => 2_000, onFault, record });
  return { occupancy, calls, faults };
}

describe('what is there on any node', () => {
  it.each([0, 1, 999, 1_000, 1_001, 2_500])('is known from the start: %i names', async (members) => {
    const { occupancy } = start({ members });
    await occupancy.start();
    const known = Array.from({ length: members }, (_, at) => occupancy.turn(change(`u${at}`, at)));
    expect(known.every((turn) => turn === null)).toBe(true);
    expect(occupancy.turn(change('another', 5))).toEqual({ isThere: true, key: 'another 5' });
  });

  it('is reported once when it appears and once when it disappears', () => {
    const { occupancy } = start();
    const turns = [change('ada', 5), change('ada', 5), change('ada', null), change('ada', null), change('ada', 9)];
    expect(turns.map((one) => occupancy.turn(one))).toEqual([
      { isThere: true, key: 'ada 5' },
      null,
      { isThere: false, key: 'ada 5' },
      null,
      { isThere: true, key: 'ada 9' },
    ]);
  });
});

describe('what is there on this node', () => {
  it('is announced to the other nodes with the first subscriber and after the last', () => {
    const { occupancy, calls } = start();
    for (let at = 0; at < 3; at++) occupancy.add('chat:1');
    for (let at = 0; at < 2; at++) occupancy.remove('chat:1');
    expect(calls).toEqual(['enter chat:1']);
    occupancy.remove('chat:1');
    occupancy.remove('chat:1');
    occupancy.add('chat:1');
    expect(calls.slice(1)).toEqual(['leave chat:1 2000', 'enter chat:1']);
  });

  it.each([
    ['rejects', () => Promise.reject(new Error('away'))],
    [
      'throws',
      () => {
        throw new Error('away');
      },
    ],
  ])('reports a store that %s', async (_, enter) => {
    const { occupancy, faults } = start({ enter });
    occupancy.add('chat:1');
    await Promise.resolve();
    await Promise.resolve();
    expect(faults).toEqual([new Error('away')]);
  });

  describe('after a reload', () => {
    const named = (count: number, prefix = 'c') =>
      new Map(Array.from({ length: count }, (_, at) => [`${prefix}${at}`, 1] as const));

    it('enters and leaves in steps of 500, in several turns', async () => {
      const { occupancy, calls } = start();
      for (const name of named(700).keys()) occupancy.add(name);
      calls.length = 0;
      occupancy.replace(named(600, 'd'));
      const steps = [calls.length];
      for (let turn = 0; turn < 3; turn++) {
        await nextTurn();
        steps.push(calls.length);
      }
      expect(steps).toEqual([500, 1_000, 1_300, 1_300]);
      expect(calls.filter((call) => call.startsWith('leave c'))).toHaveLength(700);
      expect(calls.filter((call) => call.startsWith('enter d'))).toHaveLength(600);
    });

    it('announces a name as it is when its step comes', async () => {
      const { occupancy, calls } = start();
      for (const name of named(501).keys()) occupancy.add(name);
      occupancy.replace(new Map());
      occupancy.add('c500'); // before the step in which it would have left
      await nextTurn();
      expect(calls).not.toContain('leave c500 2000');
    });
  });
});

describe('what was there before a restart', () => {
  const restart = async (debounce: number) => {
    const clock = new ManualClock();
    const { log } = new MemoryEngine({ clock });
    const record = new OccupancyRecord({ log, list: LIST, now: () => 1 });
    for (const name of ['ada', 'ben']) await record.add(name);
    const store = new MemoryPresence(clock);
    const turns: unknown[] = [];
    const onFault = (error: unknown) => expect.fail(String(error));
    const occupancy = new Occupancy({
      store,
      list: LIST,
      node: 'n',
      grace: () => debounce,
      onFault,
      record: () => record,
    });
    store.start((change) => turns.push(occupancy.turn(change)));
    await occupancy.start();
    await Promise.resolve(); // the store has been asked
    const seen = () => turns.filter((turn) => turn !== null);
    return { clock, occupancy, record, seen };
  };

  it('disappears if it is not there again in time', async () => {
    const { clock, occupancy, record, seen } = await restart(2_000);
    occupancy.add('ada');
    occupancy.add('cy');
    clock.advance(1_999);
    expect(seen()).toMatchObject([{ isThere: true, key: expect.stringContaining('cy') }]);
    clock.advance(1);
    expect(seen().slice(1)).toMatchObject([{ isThere: false, key: expect.stringContaining('ben') }]);
    expect(await record.names()).toEqual(['ada', 'cy']);
  });

  it('is forgotten if nobody wants to know', async () => {
    const { occupancy, record } = await restart(0);
    await occupancy.forget();
    expect(await record.names()).toEqual([]);
  });
});

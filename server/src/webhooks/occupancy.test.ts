import { describe, expect, it } from 'vitest';
import type { EnterRequest, ListedMember, MemberConnection, PresenceStore } from '../engine/presence.ts';
import { Occupancy } from './occupancy.ts';

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
  return { occupancy: new Occupancy({ store, list: LIST, node: 'n', grace: () => 2_000, onFault }), calls, faults };
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
});

import { expect, it } from 'vitest';
import { assignByTopic } from './kafka-assigner.ts';

type Parameters_ = Parameters<typeof assignByTopic>;

/** Who gets which partitions, as text. */
function assign(members: Readonly<Record<string, readonly string[]>>, topics: Readonly<Record<string, number>>) {
  const known = new Map(
    Object.entries(members).map(([memberId, names]) => [memberId, { memberId, version: 1, topics: [...names] }]),
  );
  const counts = new Map(Object.entries(topics).map(([topic, partitionsCount]) => [topic, { partitionsCount }]));
  const metadata = { topics: counts } as unknown as Parameters_[3];
  return Object.fromEntries(
    assignByTopic('leader', known, new Set(members.leader), metadata).map(({ memberId, assignments }) => [
      memberId,
      [...assignments.values()].map(({ topic, partitions }) => `${topic} ${partitions.join()}`),
    ]),
  );
}

it.each([
  ['of one topic in turn', { leader: ['a'], b: ['a'] }, { a: 3 }, { leader: ['a 0,2'], b: ['a 1'] }],
  ['of several topics evenly', { leader: ['a', 'b'], b: ['a', 'b'] }, { a: 1, b: 1 }, { leader: ['a 0'], b: ['b 0'] }],
  ['only of topics that it reads', { leader: ['a'], b: ['b'] }, { a: 2, b: 2 }, { leader: ['a 0,1'], b: ['b 0,1'] }],
  [
    'that another member has too, while a configuration changes',
    { leader: ['a'], b: ['a', 'b'] },
    { a: 2, b: 1 },
    { leader: ['a 0'], b: ['a 1', 'b 0'] },
  ],
  ['or none, if there are more members', { leader: ['a'], b: ['a'] }, { a: 1 }, { leader: ['a 0'], b: [] }],
])('a member gets partitions %s', (_, members, topics, expected) => {
  expect(assign(members, topics)).toEqual(expected);
});

import { expect, it } from 'vitest';
import type { Rules } from '../channels/rules.ts';
import type { Groups } from '../groups/groups.ts';
import { GroupList } from './group-list.ts';

it.each([
  [500, 0],
  [503, 3],
])('of %i groups at most 500 are listed: each is a question to the engine', async (count, more) => {
  const refs = Array.from({ length: count }, (_, at) => ({ channel: `jobs:${at}`, group: 'g' }));
  const halves = [refs.slice(0, 300), refs.slice(200)];
  let asked = 0;
  const rule = { match: () => ({ rule: { groups: [{ name: 'g', delivery: {} }], pattern: { source: 'jobs:*' } } }) };
  const stats = async () => {
    asked++;
    return { oldest: null };
  };
  const groups = { store: { stats }, clock: { now: () => 0 }, known: [] } as unknown as Groups;
  const answers = halves.map((half, at) => ({ node: `n${at}`, answer: { refs: half } as never }));
  const cluster = { answer: () => {}, ask: async () => ({ answers, missing: ['n9'] }) };
  const report = await new GroupList({ cluster, rules: rule as unknown as Rules, groups }).report();
  expect(report).toMatchObject({ more, missing: ['n9'] });
  expect(asked).toBe(500);
});

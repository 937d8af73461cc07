import { describe, expect, it } from 'vitest';
import { Rules } from '../channels/rules.ts';
import { parseConfig } from '../config/schema.ts';
import type { GroupStats, GroupStore } from '../engine/groups.ts';
import { ManualClock } from '../util/clock.ts';
import { measureGroups } from './measure-groups.ts';

const { channels } = parseConfig({
  anonymous: true,
  channels: { 'jobs:{kind}': { queue: true }, 'mail:{kind}': { queue: true }, plain: {} },
});

function setUp(numbers: (channel: string) => Partial<GroupStats> = () => ({})) {
  const clock = new ManualClock();
  let [running, most] = [0, 0];
  const stats: GroupStore['stats'] = async ({ channel }) => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setImmediate(resolve));
    running--;
    const none = { epoch: 'e', floor: 0, head: 0, ready: 0, inFlight: 0, delayed: 0, dead: 0, oldest: null };
    return { ...none, ...numbers(channel) };
  };
  const store = { stats } as GroupStore;
  const measure = (names: readonly string[]) =>
    measureGroups(
      names.map((channel) => ({ channel, group: 'queue' })),
      { store, rules: new Rules(channels), clock },
    );
  return { clock, measure, most: () => most };
}

describe('measureGroups', () => {
  it('adds up the groups of a rule, and keeps the greatest age', async () => {
    const { clock, measure } = setUp((channel) => ({
      ready: channel === 'jobs:a' ? 3 : 1,
      dead: 1,
      oldest: channel === 'jobs:b' ? null : 0,
    }));
    const oldestAge = clock.now();
    expect(await measure(['jobs:a', 'jobs:b', 'mail:a'])).toEqual([
      { rule: 'jobs:{kind}', group: 'queue', ready: 4, inFlight: 0, delayed: 0, dead: 2, oldestAge },
      { rule: 'mail:{kind}', group: 'queue', ready: 1, inFlight: 0, delayed: 0, dead: 1, oldestAge },
    ]);
  });

  it('leaves out groups that the configuration no longer has', async () => {
    expect(await setUp().measure(['plain', 'nowhere'])).toEqual([]);
  });

  it('reads many at the same time, but not all', async () => {
    const { measure, most } = setUp(() => ({ ready: 1 }));
    const [sum] = await measure(Array.from({ length: 1_000 }, (_, at) => `jobs:${at}`));
    expect([sum?.ready, most()]).toEqual([1_000, 100]);
  });
});

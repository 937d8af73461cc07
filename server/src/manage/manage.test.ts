import { describe, expect, it } from 'vitest';
import type { Cluster } from '../cluster/cluster.ts';
import { Manage } from './manage.ts';

const manageOver = (answers: readonly object[], missing: readonly string[] = []) => {
  const ask = async () => ({ answers: answers.map((answer, at) => ({ node: `n${at}`, answer })), missing });
  return new Manage({ cluster: { ask } as unknown as Cluster } as never);
};

describe('a user over all nodes', () => {
  const channelsOf = (from: number) => Array.from({ length: 800 }, (_, at) => `c${String(from + at).padStart(5, '0')}`);

  it('has at most 1,000 channels, each once, in their order', async () => {
    const parts = [500, 0].map((from) => ({ connections: [], more: 0, channels: channelsOf(from), lastSeen: null }));
    const { channels } = await manageOver(parts).user('ada');
    expect(channels).toEqual(
      [...channelsOf(0), ...channelsOf(500)].filter((_, at, all) => all.indexOf(all[at] ?? '') === at).slice(0, 1_000),
    );
  });

  it.each([
    ['nobody remembers the user', [null, null], null],
    ['the latest time of all nodes', [7, null, 9, 8], 9],
  ])('was last seen: %s', async (_, times, lastSeen) => {
    const parts = times.map((time) => ({ connections: [], more: 0, channels: [], lastSeen: time }));
    expect(await manageOver(parts, ['n9']).user('ada')).toMatchObject({ lastSeen, online: false, missing: ['n9'] });
  });
});

it('an action over all nodes adds up what they did', async () => {
  const parts = [{ connections: 2, ended: 3 }, { connections: 1, ended: 1, refused: 2 }, { connections: 0 }];
  expect(await manageOver(parts).unsubscribe({ user: 'ada' })).toEqual({ connections: 3, ended: 4, refused: 2 });
});

import { describe, expect, it } from 'vitest';
import { EventBus } from '../events.ts';
import type { Registry } from '../session/registry.ts';
import { ManualClock } from '../util/clock.ts';
import { Ids } from '../util/ids.ts';
import { DecisionRing } from './decision-ring.ts';
import { type DecisionsQuery, RecentDecisions } from './recent-decisions.ts';

const position = { epoch: 'e', offset: 0 };

/** One node, on which two users have done something. */
function start(missing: readonly string[] = []) {
  const [events, clock] = [new EventBus(), new ManualClock(0)];
  const ring = new DecisionRing(1_000, { events, clock, ids: new Ids() });
  const answerers = new Map<string, (query: never) => object>();
  const cluster = {
    answer: (method: string, answerer: (query: never) => object) => void answerers.set(method, answerer),
    ask: async (method: string, query: unknown) => ({
      answers: [{ node: 'n1', answer: answerers.get(method)?.(query as never) }],
      missing,
    }),
  };
  const registry = { all: () => [] } as unknown as Registry;
  const recent = new RecentDecisions({ cluster: cluster as never, ring, registry });
  const list = async (query: DecisionsQuery) => (await recent.list(query)).decisions;
  return { events, clock, recent, list };
}

function fill({ events, clock }: ReturnType<typeof start>): void {
  for (const [at, user] of ['ada', 'ben'].entries()) {
    const connection = `c${at}`;
    events.emit('authenticated', { connection, user } as never);
    clock.advance(10);
    const channel = `chat:${at}`;
    events.emit('subscribed', { connection, channel, log: channel, start: position } as never);
    events.emit('refused', { connection, command: 'publish', channel: 'x', error: 'permission_denied' } as never);
    events.emit('refused', { connection, command: 'publish', channel: 'x', error: 'payload_too_large' } as never);
    clock.advance(10);
  }
}

describe('the latest decisions', () => {
  it.each<[string, DecisionsQuery, string[]]>([
    ['all', {}, ['refused c1', 'subscribed c1', 'authenticated c1', 'refused c0', 'subscribed c0', 'authenticated c0']],
    ['of a user', { user: 'ada' }, ['refused c0', 'subscribed c0', 'authenticated c0']],
    ['of a connection', { connection: 'c1' }, ['refused c1', 'subscribed c1', 'authenticated c1']],
    ['of a channel', { channel: 'chat:1' }, ['subscribed c1']],
    ['of a kind', { kind: 'refused' }, ['refused c1', 'refused c0']],
    ['after a time', { after: 10 }, ['refused c1', 'subscribed c1', 'authenticated c1']],
    ['until a time, also of its millisecond', { until: 10 }, ['refused c0', 'subscribed c0', 'authenticated c0']],
    ['the newest', { limit: 2 }, ['refused c1', 'subscribed c1']],
  ])('%s', async (_, query, expected) => {
    const node = start();
    fill(node);
    expect((await node.list(query)).map(({ kind, connection }) => `${kind} ${connection}`)).toEqual(expected);
  });

  it('say how many are not listed, and can be read to the end', async () => {
    const node = start();
    for (let at = 0; at < 3; at++) fill(node);
    const { decisions, more } = await node.recent.list({ limit: 5 });
    expect([decisions.length, more]).toEqual([5, 13]);
    const older = await node.recent.list({ until: decisions.at(-1)?.time ?? 0, limit: 100 });
    expect([older.decisions.length, older.more]).toEqual([15, 0]);
    expect(older.decisions).toEqual(expect.arrayContaining([decisions.at(-1)]));
  });

  it('are 100 unless the query says otherwise', async () => {
    const node = start(['n2']);
    for (let at = 0; at < 30; at++) fill(node);
    expect(await node.list({})).toHaveLength(100);
    expect(await node.list({ limit: 150 })).toHaveLength(150);
    expect((await node.recent.list({})).missing).toEqual(['n2']);
  });
});

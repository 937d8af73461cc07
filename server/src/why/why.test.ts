import { expect, it } from 'vitest';
import { Rules } from '../channels/rules.ts';
import { MemoryEngine } from '../engine/memory/memory-engine.ts';
import { EventBus } from '../events.ts';
import type { Registry } from '../session/registry.ts';
import { ManualClock } from '../util/clock.ts';
import { DecisionRing } from './decision-ring.ts';
import { Why } from './why.ts';

it('lists 200 connections of a user on each node, and counts the others', async () => {
  const [events, clock] = [new EventBus(), new ManualClock()];
  const log = new MemoryEngine({ clock });
  log.start({ deliver: () => {} } as never);
  const ring = new DecisionRing(1_000, { events, clock });
  const answerers = new Map<string, (query: never) => object | Promise<object>>();
  const cluster = {
    answer: (method: string, answerer: (query: never) => object) => void answerers.set(method, answerer),
    ask: async (method: string, query: unknown) => ({
      answers: [{ node: 'n1', answer: await answerers.get(method)?.(query as never) }],
      missing: [],
    }),
  };
  const registry = { all: () => [] } as unknown as Registry;
  const why = new Why({ cluster: cluster as never, ring, registry, log, clock, rules: new Rules([]) });
  for (let at = 0; at < 203; at++) {
    events.emit('authenticated', { connection: `c${at}`, user: 'ada' } as never);
    events.emit('connectionClosed', { connection: `c${at}`, user: 'ada', code: 1000, reason: '' } as never);
  }
  const answer = await why.explain({ channel: 'chat:a', epoch: 'e', offset: 1 }, { user: 'ada' });
  expect([answer.connections.length, answer.more, answer.outcome]).toEqual([200, 3, 'closed']);
});

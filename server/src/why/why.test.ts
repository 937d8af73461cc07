import { describe, expect, it } from 'vitest';
import { Rules } from '../channels/rules.ts';
import { MemoryEngine } from '../engine/memory/memory-engine.ts';
import { EventBus } from '../events.ts';
import { Refusal } from '../refusal.ts';
import type { Registry } from '../session/registry.ts';
import { ManualClock } from '../util/clock.ts';
import { Ids } from '../util/ids.ts';
import { DecisionRing } from './decision-ring.ts';
import { Why } from './why.ts';

/** One node without open connections, which remembers what happens to them. */
function start(missing: readonly string[] = []) {
  const [events, clock] = [new EventBus(), new ManualClock()];
  const log = new MemoryEngine({ clock });
  log.start({ deliver: () => {} } as never);
  const ring = new DecisionRing(1_000, { events, clock, ids: new Ids() });
  const answerers = new Map<string, (query: never) => object | Promise<object>>();
  const cluster = {
    answer: (method: string, answerer: (query: never) => object) => void answerers.set(method, answerer),
    ask: async (method: string, query: unknown) => ({
      answers: [{ node: 'n1', answer: await answerers.get(method)?.(query as never) }],
      missing,
    }),
  };
  const registry = { all: () => [] } as unknown as Registry;
  const why = new Why({ cluster: cluster as never, ring, registry, log, clock, rules: new Rules([]) });
  return { why, events };
}

it.each<[string, readonly string[], string | undefined, string, RegExp]>([
  ['all nodes have answered', [], undefined, 'not_found', /^no node remembers a message "m"/],
  [
    'a node did not answer',
    ['n2'],
    undefined,
    'unavailable',
    /^n2 did not answer, and no other node remembers a message "m"/,
  ],
  [
    'a node did not answer, and the log has nothing',
    ['n2'],
    'chat:a',
    'unavailable',
    /^n2 did not answer, and the newest/,
  ],
])('an unknown message, if %s', async (_, missing, channel, error, message) => {
  const { why } = start(missing);
  const found = await why.find({ message: 'm', ...(channel && { channel }) }, async () => null);
  if (!(found instanceof Refusal)) throw new Error('found');
  expect(found.error).toBe(error);
  expect(found.body.message).toMatch(message);
});

it('a message that the asker may not know about is answered like an unknown one', async () => {
  for (const missing of [[], ['n2']]) {
    const { why, events } = start(missing);
    events.emit('published', { channel: 'chat:a', id: 'known', number: 1, offset: 1 });
    const refuse = async () => new Refusal('permission_denied');
    const [known, unknown] = await Promise.all(['known', 'other'].map((message) => why.find({ message }, refuse)));
    expect(JSON.stringify((known as Refusal).body).replaceAll('known', 'other')).toBe(
      JSON.stringify((unknown as Refusal).body),
    );
  }
});

it('lists 200 connections of a user on each node, and counts the others', async () => {
  const { why, events } = start();
  for (let at = 0; at < 203; at++) {
    events.emit('authenticated', { connection: `c${at}`, user: 'ada' } as never);
    events.emit('connectionClosed', { connection: `c${at}`, user: 'ada', code: 1000, reason: '' } as never);
  }
  const answer = await why.explain({ channel: 'chat:a', epoch: 'e', offset: 1 }, { user: 'ada' });
  expect([answer.connections.length, answer.more, answer.outcome]).toEqual([200, 3, 'closed']);
});

describe('a connection that was closed', () => {
  const at = (offset: number) => ({ epoch: 'e', offset });
  const about = { connection: 'c', channel: 'chat:a', log: 'chat:a', sub: undefined };

  it('missed what was in a gap, and neither the message before nor the one after', async () => {
    const { why, events } = start();
    events.emit('authenticated', { connection: 'c', user: 'ada' } as never);
    events.emit('subscribed', { ...about, start: at(0) } as never);
    events.emit('gap', { ...about, from: at(2), to: at(5), reason: 'retention' } as never);
    events.emit('unsubscribed', { ...about, end: at(6), reason: 'closed' } as never);
    const outcomes: string[] = [];
    for (let offset = 1; offset <= 7; offset++) {
      outcomes.push((await why.explain({ channel: 'chat:a', ...at(offset) }, { user: 'ada' })).outcome);
    }
    expect(outcomes).toEqual(['delivered', 'delivered', 'gap', 'gap', 'gap', 'delivered', 'closed']);
  });

  it('received the message with another subscription, although one of them reported a gap', async () => {
    const other = { ...about, sub: 1 };
    for (const [gapped, whole] of [
      [about, other],
      [other, about],
    ] as const) {
      const { why, events } = start();
      events.emit('authenticated', { connection: 'c', user: 'ada' } as never);
      for (const each of [about, other]) events.emit('subscribed', { ...each, start: at(0) } as never);
      events.emit('gap', { ...gapped, from: at(0), to: at(5), reason: 'slow_reader' } as never);
      for (const each of [gapped, whole])
        events.emit('unsubscribed', { ...each, end: at(6), reason: 'closed' } as never);
      expect((await why.explain({ channel: 'chat:a', ...at(3) }, { user: 'ada' })).outcome).toBe('delivered');
    }
  });

  it('received the message before it subscribed again, and then reported a gap', async () => {
    const { why, events } = start();
    events.emit('authenticated', { connection: 'c', user: 'ada' } as never);
    for (const round of [1, 2]) {
      events.emit('subscribed', { ...about, start: at(0) } as never);
      if (round === 2) events.emit('gap', { ...about, from: at(0), to: at(5), reason: 'retention' } as never);
      events.emit('unsubscribed', { ...about, end: at(6), reason: 'asked' } as never);
    }
    expect((await why.explain({ channel: 'chat:a', ...at(3) }, { user: 'ada' })).outcome).toBe('delivered');
  });

  it('reported a gap in a subscription whose begin the node has forgotten', async () => {
    const { why, events } = start();
    events.emit('authenticated', { connection: 'c', user: 'ada' } as never);
    events.emit('gap', { ...about, from: at(2), to: at(5), reason: 'retention' } as never);
    events.emit('unsubscribed', { ...about, end: at(6), reason: 'closed' } as never);
    expect((await why.explain({ channel: 'chat:a', ...at(3) }, { user: 'ada' })).outcome).toBe('gap');
  });

  it.each([
    ['subscribe', 'chat:a', 'denied'],
    ['publish', 'chat:a', 'closed'],
    ['subscribe', 'chat:b', 'closed'],
  ])('was refused to %s to %s: %s', async (command, channel, outcome) => {
    const { why, events } = start();
    const refused = { connection: 'c', command, channel, error: 'permission_denied', detail: 'No.' };
    events.emit('authenticated', { connection: 'c', user: 'ada' } as never);
    events.emit('refused', refused as never);
    expect((await why.explain({ channel: 'chat:a', ...at(1) }, { user: 'ada' })).outcome).toBe(outcome);
  });
});

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { pass } from './support/fake-gateway.ts';
import { type RawTab, Tabs } from './support/tabs.ts';

let tabs: Tabs;
let tab: RawTab;

beforeEach(async () => {
  vi.useFakeTimers();
  tabs = new Tabs('leader');
  tab = await tabs.openRaw();
  tab.send({ type: 'connect', id: 1, client: 'test' });
  await pass(10);
});

afterEach(() => {
  vi.useRealTimers();
});

describe('a command that the SDK does not know', () => {
  const later = { type: 'later', channel: 'a', field: [1] };

  it('reaches the gateway unchanged, and its reply reaches the tab', async () => {
    tab.send({ ...later, id: 2 });
    await pass(10);
    expect(tabs.gateway.seen.at(-1)).toMatchObject(later);
    expect(tab.about({ id: 2 })).toEqual([{ type: 'reply', id: 2, result: {} }]);
  });

  it('returns the refusal of the gateway', async () => {
    tabs.gateway.refusals.set('later a', 'command_unknown');
    tab.send({ ...later, id: 2 });
    await pass(10);
    expect(tab.about({ id: 2 })).toMatchObject([{ type: 'error', id: 2, error: { name: 'command_unknown' } }]);
  });

  it('keeps the ids of several tabs and of the shared connection apart', async () => {
    const other = await tabs.openRaw();
    other.send({ type: 'connect', id: 1, client: 'test' });
    await pass(10);
    for (const each of [tab, other]) each.send({ ...later, id: 2 }, { type: 'publish', id: 3, channel: 'a', data: 1 });
    await pass(10);
    for (const { received } of [tab, other]) {
      expect(received.map((message) => 'id' in message && message.id).sort()).toEqual([1, 2, 3]);
    }
    expect(new Set(tabs.gateway.seen.map(({ id }) => id)).size).toBe(tabs.gateway.seen.length);
  });

  it('works on the next connection as well', async () => {
    tabs.gateway.cut();
    await pass(30_000);
    const next = await tabs.openRaw();
    next.send({ type: 'connect', id: 1, client: 'test' }, { ...later, id: 2 });
    await pass(30_000);
    expect(next.about({ id: 2 })).toHaveLength(1);
  });
});

describe('subscriptions of one tab to one channel', () => {
  beforeEach(async () => {
    tab.send({ type: 'subscribe', id: 2, channel: 'a' }, { type: 'subscribe', id: 3, channel: 'a', sub: 7 });
    await pass(10);
    tabs.gateway.publish('a', 'x');
    await pass(10);
  });

  it('each receive the messages, under their own ids', () => {
    const messages = tab.about({ channel: 'a' });
    expect(messages).toHaveLength(2);
    expect(messages.map((message) => 'sub' in message && message.sub)).toEqual([false, 7]);
  });

  it('end one by one', async () => {
    tab.send({ type: 'unsubscribe', id: 4, channel: 'a' });
    await pass(10);
    tabs.gateway.publish('a', 'y');
    await pass(10);
    expect(tab.about({ channel: 'a' })).toMatchObject([{}, {}, { sub: 7, messages: [{ data: 'y' }] }]);
  });

  it('are refused if their id is in use', async () => {
    tab.send({ type: 'subscribe', id: 4, channel: 'a', sub: 7 });
    await pass(10);
    expect(tab.about({ id: 4 })).toMatchObject([{ type: 'error', error: { name: 'already_subscribed' } }]);
  });
});

describe('requests and queues of several tabs', () => {
  let other: RawTab;
  const seen = (type: string) => tabs.gateway.seen.filter((command) => command.type === type);
  const deliveries = (...ids: string[]) => ({
    ...{ type: 'deliveries' as const, channel: 'a', group: 'queue', epoch: 'e1' },
    deliveries: ids.map((id) => ({ id, attempt: 1, deadline: 0, message: { id, offset: 1, time: 0, data: null } })),
  });
  const idsOf = (of: RawTab) =>
    of.received.flatMap((push) => (push.type === 'deliveries' ? push.deliveries.map(({ id }) => id) : []));

  beforeEach(async () => {
    other = await tabs.openRaw();
    other.send({ type: 'connect', id: 1, client: 'test' });
    await pass(10);
  });

  it('share one consumer, which distributes deliveries', async () => {
    for (const each of [tab, other]) each.send({ type: 'consume', id: 2, channel: 'a' });
    await pass(10);
    expect(seen('consume')).toHaveLength(1);
    for (const each of [tab, other]) expect(each.about({ id: 2 })).toMatchObject([{ result: { group: 'queue' } }]);
    tabs.gateway.pushToAll(deliveries('d1', 'd2', 'd3', 'd4'));
    await pass(10);
    expect([idsOf(tab), idsOf(other)]).toEqual([
      ['d1', 'd3'],
      ['d2', 'd4'],
    ]);
    tab.send({ type: 'ack', id: 3, channel: 'a', deliveries: ['d1', 'd3'] });
    await pass(10);
    expect([seen('ack'), tab.about({ id: 3 })]).toMatchObject([[{ deliveries: ['d1', 'd3'] }], [{ type: 'reply' }]]);
  });

  it('give back what a tab had when it closes, and stop with the last tab', async () => {
    for (const each of [tab, other]) each.send({ type: 'consume', id: 2, channel: 'a' });
    await pass(10);
    tabs.gateway.pushToAll(deliveries('d1', 'd2'));
    await pass(10);
    other.close();
    await pass(10);
    expect([seen('nack'), seen('stop')]).toMatchObject([[{ deliveries: ['d2'], delay: 0, group: 'queue' }], []]);
    tab.send({ type: 'stop', id: 3, channel: 'a' });
    await pass(10);
    expect(seen('stop')).toHaveLength(1);
  });

  it('receive the replies to their own requests, and cancel them when they close', async () => {
    for (const each of [tab, other]) {
      tabs.gateway.holding.add('request');
      each.send({ type: 'request', id: 2, channel: 'a', data: 1 });
    }
    await pass(10);
    const [first, second] = seen('request').map(({ id }) => id);
    tabs.gateway.pushToAll({ type: 'replies', request: second ?? 0, replies: [{ data: 'x' }] });
    await pass(10);
    const replies = (of: RawTab) => of.received.filter(({ type }) => type === 'replies');
    expect([replies(tab), replies(other)]).toMatchObject([[], [{ request: 2, replies: [{ data: 'x' }] }]]);
    tab.close();
    await pass(10);
    expect(seen('cancel')).toMatchObject([{ request: first }]);
  });

  it('share one responder, which gives each request to one tab', async () => {
    for (const each of [tab, other]) each.send({ type: 'respond', id: 2, channel: 'a' });
    await pass(10);
    expect(seen('respond')).toHaveLength(1);
    const requests = ['r1', 'r2'].map((request) => ({ request, data: null, timeout: 1000 }));
    tabs.gateway.pushToAll({ type: 'requests', channel: 'a', requests });
    await pass(10);
    const names = (of: RawTab) =>
      of.received.flatMap((push) => (push.type === 'requests' ? push.requests.map(({ request }) => request) : []));
    expect([names(tab), names(other)]).toEqual([['r1'], ['r2']]);
    tabs.gateway.pushToAll({ type: 'cancelled', channel: 'a', request: 'r2', reason: 'asked' });
    tab.send({ type: 'reply', id: 3, request: 'r1', data: 1 });
    await pass(10);
    expect(other.received.filter(({ type }) => type === 'cancelled')).toHaveLength(1);
    expect(seen('reply')).toMatchObject([{ request: 'r1', data: 1 }]);
    tab.close();
    other.close();
    await pass(10);
    expect(seen('unrespond')).toHaveLength(1);
  });
});

describe('work that a tab has lost', () => {
  let other: RawTab;

  const deliver = (...ids: string[]) => {
    const message = (id: string) => ({ id, offset: 1, time: 0, data: null });
    tabs.gateway.pushToAll({
      ...{ type: 'deliveries', channel: 'a', group: 'queue', epoch: 'e1' },
      deliveries: ids.map((id) => ({ id, attempt: 1, deadline: 0, message: message(id) })),
    });
    return pass(10);
  };
  const idsOf = (of: RawTab) =>
    of.received.flatMap((push) => (push.type === 'deliveries' ? push.deliveries.map(({ id }) => id) : []));
  const extend = { type: 'extend', id: 3, channel: 'a', deliveries: ['d1', 'd3'] };

  beforeEach(async () => {
    other = await tabs.openRaw();
    other.send({ type: 'connect', id: 1, client: 'test' });
    for (const each of [tab, other]) each.send({ type: 'consume', id: 2, channel: 'a' });
    await pass(10);
    await deliver('d1', 'd2', 'd3');
  });

  it.each([
    ['has expired', () => tabs.gateway.results.set('extend', { deadline: 0, expired: ['d1', 'd3'] })],
    ['has all expired', () => tabs.gateway.refusals.set('extend a', 'delivery_expired')],
  ])('does not count, and is not given back, if it %s', async (_, answerWith) => {
    answerWith();
    tab.send(extend);
    await pass(10);
    expect(tab.about({ id: 3 })).toHaveLength(1);
    await deliver('d4');
    expect(idsOf(tab)).toEqual(['d1', 'd3', 'd4']);
    tab.close();
    await pass(10);
    expect(tabs.gateway.seen.filter(({ type }) => type === 'nack')).toMatchObject([{ deliveries: ['d4'] }]);
  });

  it('counts as long as it can be extended', async () => {
    tab.send(extend);
    await pass(10);
    await deliver('d4');
    expect(idsOf(other)).toEqual(['d2', 'd4']);
  });

  it('is not given back if the gateway has ended the consumer', async () => {
    tabs.gateway.pushToAll({ type: 'stopped', channel: 'a', group: 'queue', reason: 'permission' });
    await pass(10);
    tab.close();
    await pass(10);
    expect(tabs.gateway.seen.filter(({ type }) => type === 'nack')).toEqual([]);
  });

  it('is not given back if its request had ended before a reply of the stream', async () => {
    tab.send({ type: 'respond', id: 4, channel: 'b' });
    await pass(10);
    tabs.gateway.pushToAll({
      type: 'requests',
      channel: 'b',
      requests: [{ request: 'r1', data: null, timeout: 1000 }],
    });
    tabs.gateway.refusals.set('reply', 'request_ended');
    await pass(10);
    tab.send({ type: 'reply', id: 5, request: 'r1', data: 1, more: true });
    await pass(10);
    tab.close();
    await pass(10);
    expect(tabs.gateway.seen.filter(({ type }) => type === 'reply')).toHaveLength(1);
  });
});

describe('a subscription of a tab with a filter', () => {
  it('is one of its own on the shared connection, and reports what did not match with "after"', async () => {
    const filter = { event: 'x' };
    tab.send({ type: 'subscribe', id: 2, channel: 'a', sub: 1, filter });
    await pass(10);
    const asked = tabs.gateway.seen.filter(({ type }) => type === 'subscribe');
    expect(asked).toMatchObject([{ channel: 'a', filter }]);
    const sub = (asked[0] as { readonly sub?: number }).sub ?? 0;
    const push = { type: 'messages' as const, channel: 'a', epoch: 'e1', sub };
    const message = (offset: number) => ({ id: `m${offset}`, offset, time: Date.now(), data: offset });
    tabs.gateway.pushToAll({ ...push, after: 0, messages: [message(3)] });
    await pass(10);
    tabs.gateway.pushToAll({ ...push, after: 3, messages: [message(7)] });
    await pass(10);
    const received = tab.received.flatMap((one) => (one.type === 'messages' ? [one] : []));
    expect(received.map((one) => [one.sub, one.after, one.messages.map(({ offset }) => offset)])).toEqual([
      [1, 0, [3]],
      [1, 3, [7]],
    ]);
  });
});

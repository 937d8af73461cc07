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

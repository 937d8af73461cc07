import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Client } from '../../src/api.ts';
import { liveMessages, livePresence } from '../../src/svelte/index.ts';
import { connectedClient, restoreGlobals } from '../support/connected-client.ts';
import { FakeGateway, pass, turn, wireMessage } from '../support/fake-gateway.ts';

let gateway: FakeGateway;
let client: Client;

beforeEach(async () => {
  ({ gateway, client } = await connectedClient());
});
afterEach(restoreGlobals);

const subscribed = () => gateway.socket.sent('subscribe').map(({ channel }) => channel);

it('a list follows its channel name, and the caller of start ends the old subscription', async () => {
  let name: string | null = 'a';
  const room = liveMessages<number>(client, () => name, { rewind: 5 });
  const stops = [room.start()];
  await turn();
  gateway.socket.subscribed();
  gateway.socket.messages('a', [1]);
  expect([room.channel, room.messages.map(({ data }) => data)]).toEqual(['a', [1]]);
  name = 'b';
  expect([room.channel, room.messages]).toEqual(['b', []]);
  stops.push(room.start());
  await turn();
  expect(subscribed()).toEqual(['a', 'b']);
  stops[0]?.();
  await pass(10);
  expect(gateway.socket.sent('unsubscribe').map(({ channel }) => channel)).toEqual(['a']);
  stops[1]?.();
});

it('a list without a channel subscribes to nothing and rejects publishes', async () => {
  const room = liveMessages(client, null);
  room.start()();
  await expect(room.publish(1)).rejects.toThrow('liveMessages: cannot publish without a channel');
  await room.loadOlder();
  await turn();
  expect([subscribed(), gateway.socket.sent('publish'), room.state]).toEqual([[], [], 'subscribing']);
});

it('a list calls the handlers for messages, gaps and states', async () => {
  const handlers = { onMessage: vi.fn(), onGap: vi.fn(), onState: vi.fn() };
  const stop = liveMessages<number>(client, 'a', handlers).start();
  await turn();
  gateway.socket.subscribed(1);
  const [from, to] = [1, 4].map((offset) => ({ epoch: 'e1', offset })) as [object, object];
  gateway.socket.push({ type: 'gap', channel: 'a', from, to, reason: 'retention' } as never);
  gateway.socket.messages('a', [5]);
  expect(handlers.onMessage.mock.calls.map(([{ data }]) => data)).toEqual([5]);
  expect(handlers.onGap).toHaveBeenCalledOnce();
  expect(handlers.onState.mock.calls.flat()[0]).toBe('live');
  stop();
});

it('another client has another list, which readers of the old one cannot change', async () => {
  const before = liveMessages<number>(client, 'a', { rewind: 1 });
  const stop = before.start();
  await turn();
  gateway.socket.subscribed(6, 'replaying');
  gateway.socket.messages('a', [7]);
  void before.loadOlder();
  expect(before.loading).toBe(true);
  await turn();

  const second = new FakeGateway();
  const other = second.client();
  void other.connect();
  await turn();
  await second.socket.accept({ user: 'bob' });
  const after = liveMessages<number>(other, 'a', { rewind: 1 });
  const stopAfter = after.start();
  stop();
  await pass(10);
  expect([after.messages, after.loading, before.messages, before.loading]).toEqual([[], false, [], false]);
  gateway.socket.reply('history', { epoch: 'e1', head: 9, first: 1, messages: [wireMessage(6)] });
  second.socket.subscribed(1);
  second.socket.messages('a', [2]);
  await turn();
  expect([after.messages.map(({ data }) => data), before.messages]).toEqual([[2], []]);
  expect(gateway.socket.sent('unsubscribe')).toHaveLength(1);
  stopAfter();
});

it('presence follows its channel name and reports who joins', async () => {
  let name = 'a';
  const onJoin = vi.fn();
  const company = livePresence(client, () => name, { onJoin });
  const stop = company.start();
  await turn();
  gateway.socket.reply('watch', { total: 1 });
  const member = { user: 'ada', connections: 1, since: 0 };
  const changes = [{ version: 1, member }];
  gateway.socket.push({ type: 'presence', channel: 'a', version: 1, total: 1, reset: true, changes });
  await turn();
  expect([company.total, company.ready, onJoin.mock.calls.length]).toEqual([1, true, 1]);
  name = 'b';
  expect([company.total, company.ready]).toEqual([0, false]);
  stop();
  await pass(10);
  expect(gateway.socket.sent('unwatch').map(({ channel }) => channel)).toEqual(['a']);
});

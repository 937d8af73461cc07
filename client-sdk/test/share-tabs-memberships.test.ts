import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createClient } from '../src/client.ts';
import { TabGroup } from '../src/share-tabs/tab-group.ts';
import { VirtualConnection } from '../src/share-tabs/virtual-connection.ts';
import { pass } from './support/fake-gateway.ts';
import { SmallGateway } from './support/small-gateway.ts';

let gateway: SmallGateway;
let group: TabGroup;
let tab: VirtualConnection;

const send = (...commands: object[]) => {
  tab.receive(JSON.stringify(commands));
  return pass(10);
};

/** Longer than memberships outlive their tabs. */
const sweep = () => pass(10_000);

beforeEach(async () => {
  vi.useFakeTimers();
  gateway = new SmallGateway();
  group = new TabGroup({
    ...{ url: 'ws://gateway.test/ws', timeout: 15_000, create: createClient, anonymous: true },
    WebSocket: gateway.webSocket(),
    ended: () => {},
  });
  tab = new VirtualConnection({ frame: () => {}, closed: () => {}, group: () => group });
  await send({ type: 'connect', id: 1, client: 'test' });
});

afterEach(() => {
  group.close();
  vi.useRealTimers();
});

it('keeps the membership of a channel while a tab is a member', async () => {
  await send({ type: 'enter', id: 2, channel: 'a' });
  const membership = group.membership('a');
  await send({ type: 'enter', id: 3, channel: 'b' }, { type: 'leave', id: 4, channel: 'b' });
  await sweep();
  expect(group.membership('a')).toBe(membership);
});

it('keeps the membership of a channel while the gateway has not answered', async () => {
  gateway.holding.add('enter');
  await send({ type: 'enter', id: 2, channel: 'a' });
  const membership = group.membership('a');
  await send({ type: 'enter', id: 3, channel: 'b' }, { type: 'leave', id: 4, channel: 'b' });
  await sweep();
  expect(group.membership('a')).toBe(membership);
});

it.each([
  ['has left', [{ type: 'leave', id: 3, channel: 'a' }]],
  ['was refused', []],
])('forgets the membership of a channel that the last tab %s', async (_, commands) => {
  if (commands.length === 0) gateway.refusals.set('enter a', 'permission_denied');
  await send({ type: 'enter', id: 2, channel: 'a' });
  const membership = group.membership('a');
  await send(...commands);
  await sweep();
  expect(group.membership('a')).not.toBe(membership);
});

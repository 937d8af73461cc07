import { msgpack } from '@sluice/protocol/msgpack';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Client } from '../src/api.ts';
import type { Message } from '../src/channel-api.ts';
import { createClient } from '../src/client.ts';
import type { StateChange } from '../src/client-state.ts';
import type { SluiceError } from '../src/errors.ts';
import type { ToTab, ToTabGateway } from '../src/share-tabs/envelope.ts';
import { overPort } from '../src/share-tabs/ports.ts';
import { Tab } from '../src/share-tabs/tab.ts';
import { TabGateway } from '../src/share-tabs/tab-gateway.ts';
import { WorkerFinder } from '../src/share-tabs/worker-finder.ts';
import { FakeBrowser } from './support/fake-browser.ts';
import { pass, turn } from './support/fake-gateway.ts';
import { SmallGateway, unsigned } from './support/small-gateway.ts';
import { type OpenTab, Tabs, type Way } from './support/tabs.ts';

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

let serial = 0;
const tokenOf = (sub: string, claims = {}) =>
  unsigned({ sub, exp: Date.now() / 1000 + 3600, jti: ++serial, ...claims });

function read(client: Client, options = {}): { data: unknown[]; offsets: number[]; gaps: unknown[]; states: string[] } {
  const seen = { data: [] as unknown[], offsets: [] as number[], gaps: [] as unknown[], states: [] as string[] };
  const onMessage = (message: Message) => {
    seen.data.push(message.data);
    seen.offsets.push(message.offset);
  };
  client.channel('a').subscribe(onMessage, {
    onGap: (gap) => void seen.gaps.push(gap),
    onState: (state) => seen.states.push(state),
    onError: (error) => seen.states.push(error.name),
    ...options,
  });
  return seen;
}

function states(client: Client): StateChange[] {
  const changes: StateChange[] = [];
  client.on('state', (change) => changes.push(change));
  return changes;
}

describe.each(['worker', 'leader'] as const)('tabs that share through a %s', (way: Way) => {
  let tabs: Tabs;

  beforeEach(() => {
    tabs = new Tabs(way);
  });

  async function opened(count: number, user = 'ada'): Promise<OpenTab[]> {
    const list = Array.from({ length: count }, () => tabs.open({ token: () => tokenOf(user) }));
    for (const { client } of list) void client.connect();
    await pass(10);
    return list;
  }

  /** Kills the tab or worker that holds the connection. */
  function killHolder([first]: readonly OpenTab[]): void {
    if (way === 'worker') tabs.killWorker();
    else if (first) tabs.kill(first);
  }

  it('have one connection, and each tab knows the user', async () => {
    const list = await opened(3);
    expect(list.map(({ client }) => [client.state, client.user])).toEqual(Array(3).fill(['connected', 'ada']));
    expect(tabs.gateway.connections).toHaveLength(1);
  });

  it.each([
    ['another user', { sub: 'bob' }],
    ['other permissions', { sub: 'ada', caps: { 'chat:*': ['publish'] } }],
    ['another audience', { sub: 'ada', aud: 'x' }],
  ])('never share a connection with %s', async (_, claims) => {
    await opened(2);
    const other = tabs.open({ token: tokenOf('', claims) });
    await other.client.connect();
    expect(tabs.gateway.connections.map(({ user }) => user).sort()).toEqual(['ada', claims.sub]);
  });

  it('share without a token, but not with tabs that have one', async () => {
    const [a, b] = [tabs.open(), tabs.open()];
    await Promise.all([a.client.connect(), b.client.connect()]);
    await opened(1);
    expect(tabs.gateway.connections.map(({ user }) => user)).toEqual([null, 'ada']);
  });

  it('have one subscription to a channel, and every handler receives every message', async () => {
    const list = await opened(3);
    const seen = list.map(({ client }) => read(client));
    await turn();
    tabs.gateway.publish('a', 1);
    tabs.gateway.publish('a', 2);
    await turn();
    expect(seen.map(({ data }) => data)).toEqual(Array(3).fill([1, 2]));
    expect(seen.map((one) => one.states.at(-1))).toEqual(['live', 'live', 'live']);
    expect(tabs.gateway.seen.filter(({ type }) => type === 'subscribe')).toHaveLength(1);
  });

  it('receive what comes after messages that have expired', async () => {
    const list = await opened(2);
    const seen = list.map(({ client }) => read(client));
    await turn();
    const message = (offset: number) => ({ id: `m${offset}`, offset, time: 0, data: offset });
    tabs.gateway.pushToAll({ type: 'messages', channel: 'a', epoch: 'e1', messages: [message(1)] });
    tabs.gateway.pushToAll({ type: 'messages', channel: 'a', epoch: 'e1', after: 1, messages: [message(4)] });
    tabs.gateway.pushToAll({ type: 'progress', channel: 'a', epoch: 'e1', after: 4, offset: 6 });
    tabs.gateway.pushToAll({ type: 'messages', channel: 'a', epoch: 'e1', messages: [message(7)] });
    await pass(10);
    expect(seen.map(({ offsets, gaps }) => [offsets, gaps])).toEqual(Array(2).fill([[1, 4, 7], []]));
    expect(list.map(({ client }) => client.state)).toEqual(['connected', 'connected']);
  });

  it('end the subscription when the last tab has unsubscribed', async () => {
    const [a, b] = (await opened(2)) as [OpenTab, OpenTab];
    const subscriptions = [a, b].map(({ client }) => client.channel('a').subscribe(() => {}));
    await turn();
    subscriptions[0]?.unsubscribe();
    await pass(10);
    expect(tabs.gateway.seen.filter(({ type }) => type === 'unsubscribe')).toEqual([]);
    subscriptions[1]?.unsubscribe();
    await pass(10);
    expect(tabs.gateway.seen.filter(({ type }) => type === 'unsubscribe')).toHaveLength(1);
  });

  it('send a late tab its backlog, with or without permission to read the log', async () => {
    for (let n = 1; n <= 5; n++) tabs.gateway.publish('a', n);
    tabs.gateway.refusals.set('history a', 'permission_denied');
    const [a, b] = (await opened(2)) as [OpenTab, OpenTab];
    read(a.client, { rewind: 3 });
    await pass(10);
    const within = read(b.client, { rewind: 2 });
    const c = tabs.open({ token: tokenOf('ada') });
    const beyond = read(c.client, { rewind: 4 });
    await pass(10);
    expect([within.data, beyond.data]).toEqual([
      [4, 5],
      [3, 4, 5],
    ]);
    tabs.gateway.refusals.clear();
    const d = tabs.open({ token: tokenOf('ada') });
    const allowed = read(d.client, { rewind: 4 });
    await pass(10);
    tabs.gateway.publish('a', 6);
    await pass(10);
    expect([within.data, beyond.data, allowed.data]).toEqual([
      [4, 5, 6],
      [3, 4, 5, 6],
      [2, 3, 4, 5, 6],
    ]);
  });

  it('send a late tab a gap if its position is too old', async () => {
    for (let n = 1; n <= 9; n++) tabs.gateway.publish('a', n);
    tabs.gateway.trim('a', 6);
    const [a, b] = (await opened(2)) as [OpenTab, OpenTab];
    read(a.client);
    await pass(10);
    const late = read(b.client, { position: { epoch: 'e1', offset: 2 } });
    await pass(10);
    expect(late.data).toEqual([6, 7, 8, 9]);
    expect(late.gaps).toEqual([expect.objectContaining({ reason: 'retention', lost: 3 })]);
  });

  it("publish with their own keys, and receive the gateway's answers", async () => {
    const [a, b] = (await opened(2)) as [OpenTab, OpenTab];
    const one = await a.client.channel('a').publish('x', { key: 'k', event: 'e', tags: { t: '1' }, ttl: 5_000 });
    const two = await b.client.channel('a').publish('x', { key: 'k' });
    expect([one.offset, two.offset]).toEqual([1, 1]);
    expect(tabs.gateway.seen.find(({ type }) => type === 'publish')).toMatchObject({
      ...{ event: 'e', tags: { t: '1' }, ttl: 5_000 },
    });
  });

  it('receive refusals unchanged', async () => {
    tabs.gateway.refusals.set('publish a', 'payload_too_large').set('subscribe a', 'permission_denied');
    const [a] = (await opened(2)) as [OpenTab, OpenTab];
    const refused = await a.client
      .channel('a')
      .publish(1)
      .catch((error: SluiceError) => error);
    expect(refused).toMatchObject({ name: 'payload_too_large', code: 4309, retryable: false });
    const seen = read(a.client);
    await turn();
    expect(seen.states).toEqual(['denied', 'permission_denied']);
  });

  it('read the log and the members', async () => {
    const [a, b] = (await opened(2)) as [OpenTab, OpenTab];
    await a.client.channel('a').publish(1);
    await a.client.channel('a').presence.enter({ here: true });
    expect((await b.client.channel('a').history()).messages).toEqual([
      expect.objectContaining({ data: 1, channel: 'a' }),
    ]);
    expect(await b.client.channel('a').presence.page()).toMatchObject({ total: 1, members: [{ user: 'ada' }] });
  });

  it('can each use MessagePack', async () => {
    const tab = tabs.open({ token: tokenOf('ada'), codec: msgpack });
    const seen = read(tab.client);
    await pass(10);
    await tab.client.channel('a').publish({ text: 'Grüße 🛶' });
    await turn();
    expect(seen.data).toEqual([{ text: 'Grüße 🛶' }]);
  });

  describe('when one tab dies', () => {
    it('keep their connection, unless that tab held it', async () => {
      const list = await opened(3);
      tabs.kill(list[2] as OpenTab);
      await pass(10_000);
      expect(tabs.gateway.connections).toHaveLength(1);
      expect(list.slice(0, 2).map(({ client }) => client.state)).toEqual(['connected', 'connected']);
    });

    it('hand over immediately and without a gap', async () => {
      const list = await opened(3);
      const [, b, c] = list as [OpenTab, OpenTab, OpenTab];
      const seen = [read(b.client), read(c.client)];
      read((list[0] as OpenTab).client);
      await turn();
      tabs.gateway.publish('a', 1);
      await turn();
      killHolder(list);
      tabs.gateway.publish('a', 2);
      await pass(100);
      tabs.gateway.publish('a', 3);
      await turn();
      expect(seen.map(({ data, gaps }) => [data, gaps])).toEqual([
        [[1, 2, 3], []],
        [[1, 2, 3], []],
      ]);
      expect([b.client.state, c.client.state, tabs.gateway.connections.length]).toEqual(['connected', 'connected', 1]);
    });

    it('hand over a pending publish, so that it appears once', async () => {
      const list = await opened(3);
      const [, b] = list as [OpenTab, OpenTab, OpenTab];
      const publish = b.client.channel('a').publish('x');
      await Promise.resolve();
      killHolder(list);
      await pass(100);
      expect((await publish).offset).toBe(1);
      expect(tabs.gateway.log('a')).toHaveLength(1);
    });

    it('close the connection after the last tab is closed', async () => {
      const list = await opened(2);
      for (const one of list) tabs.kill(one);
      await pass(5100);
      expect(tabs.gateway.connections).toEqual([]);
    });

    it('close the connection after all clients are closed', async () => {
      const list = await opened(2);
      for (const { client } of list) client.close();
      await pass(1900);
      expect(tabs.gateway.connections).toHaveLength(1);
      await pass(200);
      expect(tabs.gateway.connections).toEqual([]);
    });
  });

  describe('when the connection is lost', () => {
    it('all report it with the time of the next attempt, and recover everything', async () => {
      const list = await opened(2);
      const seen = list.map(({ client }) => read(client));
      await turn();
      tabs.gateway.publish('a', 1);
      const changes = list.map(({ client }) => states(client));
      // The log may not be read: missed messages are resumed by position only.
      tabs.gateway.refusals.set('history a', 'permission_denied');
      tabs.gateway.cut();
      await turn();
      tabs.gateway.publish('a', 2);
      expect(changes.map(([first]) => first)).toEqual(
        Array(2).fill({ state: 'waiting', error: expect.objectContaining({ name: 'connection_lost' }), retryIn: 250 }),
      );
      expect(seen.map((one) => one.states.at(-1))).toEqual(['subscribing', 'subscribing']);
      await pass(300);
      expect(changes.map((one) => one.map(({ state }) => state))).toEqual(
        Array(2).fill(['waiting', 'connecting', 'connected']),
      );
      expect(seen.map(({ data, gaps }) => [data, gaps])).toEqual(Array(2).fill([[1, 2], []]));
      expect(seen.map((one) => one.states.at(-1))).toEqual(['live', 'live']);
      expect(tabs.gateway.connections).toHaveLength(1);
    });

    it('retry without a limit', async () => {
      const list = await opened(2);
      tabs.gateway.down = true;
      tabs.gateway.cut();
      await pass(60_000);
      expect(list.map(({ client }) => ['waiting', 'connecting'].includes(client.state))).toEqual([true, true]);
      tabs.gateway.down = false;
      await pass(25_000);
      expect(list.map(({ client }) => client.state)).toEqual(['connected', 'connected']);
      expect(tabs.gateway.connections).toHaveLength(1);
    });

    it("receive the gateway's reason", async () => {
      const list = await opened(2);
      const changes = list.map(({ client }) => states(client));
      tabs.gateway.cut(4007, 'flood');
      await turn();
      expect(changes.map(([first]) => first?.error?.name)).toEqual(['flood', 'flood']);
    });

    it('wait as long as the gateway requests', async () => {
      const list = await opened(2);
      const changes = list.map(({ client }) => states(client));
      tabs.gateway.pushToAll({ type: 'drain', reconnectAfter: 1234 });
      await turn();
      tabs.gateway.cut(4000, 'draining');
      await turn();
      expect(changes.map(([first]) => [first?.retryIn, first?.error?.name])).toEqual(Array(2).fill([1234, 'draining']));
    });

    it('close after a final refusal', async () => {
      const list = await opened(2);
      tabs.gateway.refusals.set('connect', 'protocol_violation');
      tabs.gateway.cut();
      await pass(1000);
      expect(list.map(({ client }) => client.state)).toEqual(['closed', 'closed']);
    });

    it('fetch new tokens after theirs have expired', async () => {
      const asked: string[] = [];
      const list = [1, 2].map(() =>
        tabs.open({
          token: ({ reason }) => {
            asked.push(reason);
            return tokenOf('ada');
          },
        }),
      );
      for (const { client } of list) void client.connect();
      await pass(10);
      tabs.gateway.cut(4100, 'token_expired');
      await pass(1000);
      expect(list.map(({ client }) => client.state)).toEqual(['connected', 'connected']);
      expect(asked.slice(2)).toEqual(['expired', 'expired']);
      expect(tabs.gateway.connections).toHaveLength(1);
    });
  });

  describe('asked for a new token', () => {
    const refresh = () => tabs.gateway.pushToAll({ type: 'refresh', expiresAt: Date.now() + 1000 });

    it('any tab can supply it, even if another one does not answer', async () => {
      const mute = tabs.open({
        token: ({ reason }) => (reason === 'connect' ? tokenOf('ada') : new Promise(() => {})),
      });
      void mute.client.connect();
      await pass(10);
      const fresh = tokenOf('ada');
      const other = tabs.open({ token: ({ reason }) => (reason === 'connect' ? tokenOf('ada', { exp: 1 }) : fresh) });
      void other.client.connect();
      await pass(10);
      refresh();
      await pass(5100);
      refresh();
      await pass(5100);
      expect(tabs.gateway.connections.map(({ token }) => token)).toEqual([fresh]);
    });

    it('move to their own connection if the token belongs to another user', async () => {
      let user = 'ada';
      const a = tabs.open({ token: () => tokenOf(user) });
      void a.client.connect();
      await pass(10);
      const [b] = (await opened(1)) as [OpenTab];
      user = 'bob';
      refresh();
      await pass(5100);
      refresh();
      await pass(5100);
      expect([a.client.user, b.client.user]).toEqual(['bob', 'ada']);
      expect(tabs.gateway.connections.map((peer) => peer.user).sort()).toEqual(['ada', 'bob']);
    });
  });

  describe('as members of a channel', () => {
    it('are one member until the last tab has left, with the state of a tab that is there', async () => {
      const [a, b] = (await opened(2)) as [OpenTab, OpenTab];
      const state = () => tabs.gateway.members('a').map((member) => member.state);
      await a.client.channel('a').presence.enter(1);
      await b.client.channel('a').presence.enter(2);
      expect(state()).toEqual([2]);
      void b.client.channel('a').presence.leave();
      await pass(10);
      expect(state()).toEqual([1]);
      void a.client.channel('a').presence.leave();
      await pass(10);
      expect(state()).toEqual([]);
    });

    it('stay one for a while after a tab dies, and take over its state', async () => {
      const [a, b, c] = (await opened(3)) as [OpenTab, OpenTab, OpenTab];
      await b.client.channel('a').presence.enter(1);
      await c.client.channel('a').presence.enter(2);
      tabs.kill(c);
      await pass(1000);
      expect(tabs.gateway.members('a').map(({ state }) => state)).toEqual([2]);
      await pass(5000);
      expect(tabs.gateway.members('a').map(({ state }) => state)).toEqual([1]);
      tabs.kill(b);
      await pass(6000);
      expect([a.client.state, tabs.gateway.members('a')]).toEqual(['connected', []]);
    });

    it('see members join and leave, even if subscribed late', async () => {
      const [a, b] = (await opened(2)) as [OpenTab, OpenTab];
      const [bob] = (await opened(1, 'bob')) as [OpenTab];
      const events: string[] = [];
      a.client.channel('a').presence.subscribe({ join: ({ user }) => events.push(`+${user}`) });
      await bob.client.channel('a').presence.enter('x');
      await pass(10);
      const { presence } = b.client.channel('a');
      presence.subscribe({
        join: ({ user }) => events.push(`late +${user}`),
        leave: ({ user }) => events.push(`late -${user}`),
        update: ({ user, state }) => events.push(`late ${user} ${state}`),
      });
      await pass(10);
      expect(presence.members.list.map(({ user, state }) => [user, state])).toEqual([['bob', 'x']]);
      await bob.client.channel('a').presence.update('y');
      await pass(10);
      void bob.client.channel('a').presence.leave();
      await pass(10);
      expect(events).toEqual(['+bob', 'late +bob', 'late bob y', 'late -bob']);
    });

    it('enter again when another tab holds the connection', async () => {
      const list = await opened(2);
      const [, b] = list as [OpenTab, OpenTab];
      await b.client.channel('a').presence.enter(1);
      killHolder(list);
      await pass(100);
      expect(tabs.gateway.members('a').map(({ state }) => state)).toEqual([1]);
    });
  });

  it('are taken over when the tab that holds the connection is frozen', async () => {
    const list = await opened(3);
    const [a, b] = list as [OpenTab, OpenTab, OpenTab];
    const seen = read(b.client);
    await turn();
    if (way === 'leader') a.page.freeze();
    else tabs.freezeWorker();
    await pass(1000);
    tabs.gateway.publish('a', 1);
    await pass(way === 'leader' ? 9000 : 12_000);
    tabs.gateway.publish('a', 2);
    await pass(10);
    expect([b.client.state, seen.data]).toEqual(['connected', [1, 2]]);
  });
});

it('stop sending to a frozen tab at a limit', async () => {
  const gateway = new SmallGateway();
  const tabGateway = new TabGateway({ create: createClient, WebSocket: gateway.webSocket() });
  const posted: ToTab[] = [];
  let receive: (message: ToTabGateway) => void = () => {};
  const port = {
    post: (message: ToTab) => posted.push(message),
    listen: (handler: typeof receive) => (receive = handler),
    close() {},
  };
  tabGateway.attach(() => port, { type: 'hello', tab: 't', call: 1, locked: false });
  receive({ type: 'open', socket: 1, url: 'ws://gateway.test/ws', timeout: 15_000 });
  const commands = [
    { type: 'connect', id: 1 },
    { type: 'subscribe', id: 2, channel: 'a' },
  ];
  receive({ type: 'frame', socket: 1, text: JSON.stringify(commands) });
  await turn();
  for (let n = 0; n < 60; n++) {
    gateway.publish('a', 'x'.repeat(100_000));
    await pass(1000);
  }
  const frames = posted.filter(({ type }) => type === 'frame');
  expect(posted.at(-1)).toEqual({ type: 'closed', socket: 1, code: 4004, reason: 'slow_reader' });
  expect(frames.length).toBeLessThan(45);
  expect(frames.length).toBeGreaterThan(40);
});

it('check the connection when a tab is shown again', async () => {
  const browser = new FakeBrowser();
  const [page, worker] = [browser.page(), browser.page()];
  const wake = vi.fn();
  const tabGateway = new TabGateway({ create: createClient, wake });
  const [near, far] = browser.pair(page, worker);
  far.onmessage = ({ data }) => tabGateway.attach(() => overPort(far), data);
  const tab = new Tab(new WorkerFinder(() => ({ port: near, onerror: null })));
  await tab.find();
  tab.wake();
  await turn();
  expect(wake).toHaveBeenCalledOnce();
});

it('make a leader step down that was replaced while it was frozen', async () => {
  const tabs = new Tabs('leader');
  const list = [1, 2].map(() => tabs.open({ token: tokenOf('ada') }));
  const [a, b] = list as [OpenTab, OpenTab];
  for (const { client } of list) void client.connect();
  await pass(10);
  const seen = read(a.client);
  await turn();
  a.page.freeze();
  await pass(10_000);
  tabs.gateway.publish('a', 1);
  a.page.thaw();
  await pass(10_000);
  tabs.gateway.publish('a', 2);
  await pass(10);
  expect([a.client.state, b.client.state, seen.data]).toEqual(['connected', 'connected', [1, 2]]);
  expect(tabs.gateway.connections).toHaveLength(1);
});

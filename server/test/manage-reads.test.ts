import { describe, expect, it, vi } from 'vitest';
import type { ConfigInput } from '../src/config/config.ts';
import { MemoryEngine } from '../src/engine/memory/memory-engine.ts';
import { MemoryNodes } from '../src/engine/memory/memory-nodes.ts';
import type { Nodes } from '../src/engine/nodes.ts';
import { call, KEYS, readAll, startManaged, startTwo } from './support/managed-gateways.ts';
import type { RealGateway } from './support/real-gateway.ts';
import { tokenFor } from './support/tokens.ts';

const WEBHOOK_KEY = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

async function subscribe(gateway: RealGateway, user: string, ...channels: string[]) {
  const { client } = await gateway.connect(await tokenFor(user));
  for (const channel of channels) await client.result({ type: 'subscribe', channel });
  return client;
}

describe('GET /api/v1/nodes', () => {
  it('lists the nodes, with their numbers', async () => {
    const { one, two } = await startTwo();
    await subscribe(two, 'ada', 'chat:a', 'chat:b');
    await two.gateway.publish('chat:a', 1);
    await expect.poll(async () => (await call(one, '/nodes')).json.nodes[1].totals.delivered).toBe(1);
    const { status, json } = await call(one, '/nodes');
    expect(status).toBe(200);
    expect(json.missing).toBeUndefined();
    expect(json.nodes).toMatchObject([
      { node: 'one', state: 'running', engine: 'memory', connections: 0, users: 0, channels: 0 },
      { node: 'two', connections: 1, users: 1, channels: 2, totals: { published: 1, delivered: 1 } },
    ]);
    for (const { version, uptime, memory, busy, pid } of json.nodes) {
      expect(version).toMatch(/^\d+\.\d+\.\d+/);
      expect(uptime).toBeGreaterThanOrEqual(0);
      expect(memory).toBeGreaterThan(1_000_000);
      expect(busy).toBeGreaterThanOrEqual(0);
      expect(pid).toBe(process.pid);
    }
  });

  it('names the nodes that do not answer', async () => {
    const { one, two, nodes } = await startTwo();
    expect((await call(one, '/nodes')).json.nodes).toHaveLength(2);
    nodes.deaf = true;
    const { status, json } = await call(one, '/nodes');
    expect([status, json.nodes.length, json.missing]).toEqual([200, 1, ['two']]);
    nodes.deaf = false;
    await two.stop();
    const { json: alone } = await call(one, '/nodes');
    expect([alone.nodes.length, alone.missing]).toEqual([1, undefined]);
  });
});

/** Nodes on one mailbox system, of which those named in `hung` receive nothing. */
async function startSome(config: ConfigInput, { running, hung }: Readonly<Record<'running' | 'hung', string[]>>) {
  const shared = new MemoryNodes();
  const deaf: Nodes = { open: (address, listener) => shared.open(address, { ...listener, received: () => {} }) };
  const start = (node: string, nodes: Nodes) => {
    const engine = Object.defineProperty(new MemoryEngine(), 'nodes', { value: nodes });
    return startManaged({ ...config, node }, { engine });
  };
  const [first] = await Promise.all(running.map((node) => start(node, shared)));
  await Promise.all(hung.map((node) => start(node, deaf)));
  if (first === undefined) throw new Error('no node is running');
  return first;
}

describe('a node that hangs', () => {
  const webhooks = {
    backend: { url: 'http://127.0.0.1:1/', events: ['user.online' as const], keys: [{ key: WEBHOOK_KEY }] },
  };

  it.each<[string, ConfigInput]>([
    ['no webhook', {}],
    ['a webhook', { webhooks }],
  ])('does not hide the others, with %s', async (_, config) => {
    const one = await startSome(config, { running: ['one', 'two', 'three'], hung: ['four'] });
    const { json } = await call(one, '/nodes');
    expect(json.nodes.map(({ node }: { node: string }) => node)).toEqual(['one', 'three', 'two']);
    expect(json.missing).toHaveLength(1);
  });

  it('does not delay the metrics of the others', async () => {
    const one = await startSome({ webhooks }, { running: ['one'], hung: ['two'] });
    const asked = vi.spyOn(one.cluster, 'ask');
    expect(await (await fetch(`${one.url}/metrics`)).text()).toContain('sluice_webhook_lag{webhook="backend"} 0');
    expect(asked).not.toHaveBeenCalled();
  });
});

describe('GET /api/v1/channels', () => {
  it('lists the channels of all nodes, page by page', async () => {
    const { one, two } = await startTwo();
    await subscribe(one, 'ada', 'chat:a', 'chat:b', 'chat:d', 'news:x');
    const ben = await subscribe(two, 'ben', 'chat:b', 'chat:c', 'news:y');
    await ben.result({ type: 'enter', channel: 'chat:b' });
    await two.gateway.publish('chat:b', 1);
    const all = await readAll<{ channel: string; subscribers: number }>(one, '/channels?limit=2', 'channels');
    expect(all.map(({ channel, subscribers }) => `${channel} ${subscribers}`)).toEqual([
      ...['chat:a 1', 'chat:b 2', 'chat:c 1', 'chat:d 1', 'news:x 1', 'news:y 1'],
    ]);
    const news = await readAll<{ channel: string }>(two, '/channels?pattern=news:*&limit=1', 'channels');
    expect(news.map(({ channel }) => channel)).toEqual(['news:x', 'news:y']);
    // The engines are not shared here, so each node sees its own log and members.
    const [, b] = (await call(two, '/channels')).json.channels;
    const log = { epoch: expect.any(String), head: 1, first: 1, bytes: expect.any(Number) };
    expect(b).toEqual({ channel: 'chat:b', subscribers: 2, members: 1, ...log });
    expect(b.bytes).toBeGreaterThan(10);
    const page = await call(one, '/channels?pattern=chat:a');
    expect(page.json).toMatchObject({ channels: [{ channel: 'chat:a' }] });
  });

  it('has channels with only members, or only messages, and no others', async () => {
    const { one, two } = await startTwo();
    await subscribe(one, 'ada', 'chat:c');
    await one.gateway.manage.enter('chat:members', 'bot', {});
    await two.gateway.manage.enter('chat:members', 'bot', {});
    await two.gateway.manage.enter('chat:a', 'bot', {});
    await one.gateway.publish('chat:messages', 1);
    await one.gateway.publish('news:unkept', 1);
    const all = await readAll<Record<string, unknown>>(one, '/channels?limit=1', 'channels');
    // The engines are not shared here: this node knows only its own members.
    expect(all.map(({ channel, subscribers, members, head }) => [channel, subscribers, members, head])).toEqual([
      ['chat:a', 0, 0, 0],
      ['chat:c', 1, 0, 0],
      ['chat:members', 0, 1, 0],
      ['chat:messages', 0, 0, 1],
    ]);
    const { json } = await call(one, '/channels?pattern=chat:messages');
    expect(json.channels).toMatchObject([{ channel: 'chat:messages' }]);
    await one.gateway.manage.leave('chat:members', 'bot');
    expect((await call(one, '/channels?pattern=chat:members')).json.channels).toEqual([]);
  });

  it('is allowed by the verb "manage" on the pattern', async () => {
    const gateway = await startManaged();
    expect((await call(gateway, '/channels?pattern=chat:*', { bearer: KEYS.chats })).status).toBe(200);
    const token = await tokenFor('ada', { caps: { '**': ['manage'] } });
    expect((await call(gateway, '/channels', { bearer: token })).status).toBe(200);
    for (const [path, bearer] of [
      ['/channels', KEYS.chats],
      ['/channels?pattern=chat:**', KEYS.chats],
      ['/channels?pattern=chat:*', KEYS.reader],
      ['/channels', await tokenFor('ada')],
      ['/channels/news:a', KEYS.chats],
      ['/nodes', KEYS.chats],
      ['/users/ada', KEYS.chats],
      ['/connections', KEYS.chats],
    ] as const) {
      const { status, json } = await call(gateway, path, { bearer });
      expect([path, status, json.error.name]).toEqual([path, 403, 'permission_denied']);
    }
    const { json } = await call(gateway, '/channels?pattern=chat:*', { bearer: KEYS.reader });
    expect(json.error.message).toContain('"manage" on "chat:*" is not allowed to the API key "reader"');
    expect((await call(gateway, '/nodes', { bearer: 'nobody' })).status).toBe(401);
  });

  it.each([
    '/channels?limit=0',
    '/channels?cursor=x',
    '/channels?sort=name',
    `/channels?cursor=${Buffer.from('[1]').toString('base64url')}`,
    '/connections?slow=yes',
    '/connections?channel=a',
  ])('refuses %s', async (path) => {
    const { status, json } = await call(await startManaged(), path);
    expect([status, json.error.name]).toEqual([400, 'command_invalid']);
  });

  it('refuses a pattern that is none', async () => {
    const { status, json } = await call(await startManaged(), '/channels?pattern=chat:{room}');
    expect([status, json.error.name]).toEqual([400, 'channel_invalid']);
  });
});

describe('GET /api/v1/channels/{channel}', () => {
  it('reports a channel over all nodes', async () => {
    const { one, two } = await startTwo();
    await subscribe(one, 'ada', 'chat:a');
    await subscribe(two, 'ben', 'chat:a');
    const { json } = await call(one, '/channels/chat:a', { bearer: KEYS.chats });
    const nobody = { members: 0, epoch: expect.any(String), head: 0, first: 1, bytes: 0, rule: 'chat:{room}' };
    expect(json).toEqual({ channel: 'chat:a', subscribers: 2, ...nobody });
    expect((await call(one, '/channels/chat:none')).json).toEqual({ channel: 'chat:none', subscribers: 0, ...nobody });
    expect((await call(one, '/channels/unknown')).json.error.name).toBe('channel_unknown');
    expect((await call(one, '/channels/chat:*')).json.error.name).toBe('channel_invalid');
  });
});

describe('GET /api/v1/connections', () => {
  it('lists the connections of all nodes, page by page', async () => {
    const { one, two } = await startTwo();
    for (const user of ['ada', 'ben', 'cy']) await subscribe(one, user, 'chat:a');
    for (const user of ['ada', 'dan']) await subscribe(two, user, 'chat:a', 'chat:b');
    type Row = { id: string; node: string; user: string };
    const all = await readAll<Row>(two, '/connections?limit=2', 'connections');
    expect(all.map(({ user }) => user).sort()).toEqual(['ada', 'ada', 'ben', 'cy', 'dan']);
    expect(all.map(({ id }) => id)).toEqual(all.map(({ id }) => id).toSorted());
    const adas = await readAll<Row>(two, '/connections?user=ada&limit=1', 'connections');
    expect(adas.map(({ user, node }) => `${user} ${node}`).sort()).toEqual(['ada one', 'ada two']);
    const ofTwo = await readAll<Row>(one, '/connections?node=two&limit=1', 'connections');
    expect(ofTwo.map(({ user }) => user).sort()).toEqual(['ada', 'dan']);
    expect(await readAll<Row>(one, '/connections?slow=true', 'connections')).toEqual([]);
    expect(await readAll<Row>(one, '/connections?slow=false', 'connections')).toHaveLength(5);
    expect(ofTwo[0]).toEqual({
      ...{ id: expect.any(String), node: 'two', user: expect.any(String), address: '127.0.0.1' },
      ...{ protocol: 'sluice.v1.json', since: expect.any(Number), subscriptions: 2, buffered: 0, slow: false },
    });
  });
});

describe('GET /api/v1/users/{user}', () => {
  it('reports the connections and channels of a user, and when the user was last seen', async () => {
    const { one, two } = await startTwo();
    const nobody = { user: 'ada', online: false, connections: [], more: 0, channels: [], lastSeen: null };
    expect((await call(one, '/users/ada')).json).toEqual(nobody);
    await subscribe(one, 'ada', 'chat:b', 'chat:a');
    await subscribe(two, 'ada', 'chat:a', 'chat:c');
    const { json } = await call(one, '/users/ada');
    expect(json).toMatchObject({ user: 'ada', online: true, channels: ['chat:a', 'chat:b', 'chat:c'] });
    expect(json.connections.map(({ node }: { node: string }) => node).sort()).toEqual(['one', 'two']);
    expect(Math.abs(json.lastSeen - Date.now())).toBeLessThan(60_000);
    await two.stop();
    const { json: later } = await call(one, '/users/ada');
    expect([later.online, later.connections.length]).toEqual([true, 1]);
  });

  it('remembers a user who has left', async () => {
    const gateway = await startManaged();
    const { client, socket } = await gateway.connect(await tokenFor('a user/with a slash'));
    await client.result({ type: 'ping' });
    socket.terminate();
    const path = `/users/${encodeURIComponent('a user/with a slash')}`;
    await expect.poll(async () => (await call(gateway, path)).json.online, { timeout: 30_000 }).toBe(false);
    expect((await call(gateway, path)).json.lastSeen).toEqual(expect.any(Number));
  });
});

import { createClient } from '@sluice/client';
import { afterEach, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import type { ConfigInput } from '../src/config/config.ts';
import { ACCESS, type AppName, SHOP_SECRET } from './support/app-configs.ts';
import { callApp, connectTo, followEvents, openAt, startApps } from './support/app-gateways.ts';
import { folder } from './support/durable-world.ts';
import { HookEndpoint } from './support/hook-endpoint.ts';
import type { RealGateway } from './support/real-gateway.ts';
import { startRedis } from './support/redis-server.ts';
import { SECRET, tokenFor } from './support/tokens.ts';

const NAMES: readonly AppName[] = ['main', 'shop', 'blog'];
const chat = { channel: 'chat:a' } as const;

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

const publish = (gateway: RealGateway, app: AppName, data: unknown, more = {}) =>
  callApp(gateway, app, '/api/v1/publish', { body: { ...chat, data, ...more } });

/** The same for each app, one after the other. */
async function ofEach<T>(ask: (app: AppName) => Promise<T>): Promise<T[]> {
  const all: T[] = [];
  for (const name of NAMES) all.push(await ask(name));
  return all;
}

const ENGINES: Readonly<Record<string, () => Promise<ConfigInput>>> = {
  memory: async () => ({}),
  durable: async () => ({ engine: 'durable', durable: { data: folder() } }),
  redis: async () => ({ engine: 'redis', redis: { url: (await startRedis()).url } }),
};

describe.each(Object.keys(ENGINES))('apps on the engine "%s" have for themselves:', (engine) => {
  const start = async (config: ConfigInput = {}) => startApps({ ...(await ENGINES[engine]?.()), ...config });

  it('messages, and the log', async () => {
    const gateway = await start();
    const clients = await ofEach((name) => connectTo(gateway, name));
    for (const client of clients) await client.result({ type: 'subscribe', ...chat });
    expect(await ofEach(async (name) => (await publish(gateway, name, name)).json.offset)).toEqual([1, 1, 1]);
    for (const [at, client] of clients.entries()) {
      await client.result({ type: 'publish', ...chat, data: `${NAMES[at]} again` });
      const messages = await client.messages('chat:a', 2);
      expect(messages.map(({ data }) => data)).toEqual([NAMES[at], `${NAMES[at]} again`]);
    }
    const logs = await ofEach(async (name) => (await callApp(gateway, name, '/api/v1/channels/chat:a/messages')).json);
    for (const [at, { messages }] of logs.entries()) {
      expect(messages.map(({ data }: { data: unknown }) => data)).toEqual([NAMES[at], `${NAMES[at]} again`]);
    }
  });

  it('idempotency keys', async () => {
    const gateway = await start();
    const ids = await ofEach(async (name) => (await publish(gateway, name, name, { key: 'k' })).json.id);
    expect(new Set(ids).size).toBe(3);
    expect(await ofEach(async (name) => (await publish(gateway, name, 'again', { key: 'k' })).json.id)).toEqual(ids);
  });

  it('presence', async () => {
    const gateway = await start();
    const shop = await connectTo(gateway, 'shop', 'ada');
    const blog = await connectTo(gateway, 'blog', 'ben');
    for (const client of [shop, blog]) await client.result({ type: 'enter', ...chat });
    const members = async (name: AppName): Promise<string[]> => {
      const { json } = await callApp(gateway, name, '/api/v1/channels/chat:a/members');
      return json.members.map(({ user }: { user: string }) => user);
    };
    expect(await ofEach(members)).toEqual([[], ['ada'], ['ben']]);
  });

  it('consumer groups', async () => {
    const gateway = await start();
    await ofEach((name) => publish(gateway, name, name));
    const lease = { body: { max: 10, wait: 0 } };
    const path = '/api/v1/channels/chat:a/groups/mail/lease';
    await ofEach((name) => callApp(gateway, name, path, lease));
    expect(await ofEach(async (name) => (await publish(gateway, name, name)).json.offset)).toEqual([2, 2, 2]);
    const leased = await ofEach(async (name) => (await callApp(gateway, name, path, lease)).json.deliveries);
    expect(
      leased.map((deliveries) => deliveries.map(({ message }: { message: { data: string } }) => message.data)),
    ).toEqual(NAMES.map((name) => [name]));
  });

  it('revocations', async () => {
    const gateway = await start();
    const [main, shop, blog] = [
      await connectTo(gateway, 'main'),
      await connectTo(gateway, 'shop'),
      await connectTo(gateway, 'blog'),
    ];
    expect((await callApp(gateway, 'blog', '/api/v1/revocations', { body: { user: 'ada' } })).status).toBe(200);
    expect((await blog.ended()).code).toBe(4102);
    for (const client of [main, shop]) await client.result({ type: 'ping' });
    const counts = await ofEach(
      async (name) => (await callApp(gateway, name, '/api/v1/revocations')).json.revocations.length,
    );
    expect(counts).toEqual([0, 0, 1]);
  });

  it('connections and nodes, as operators see them', async () => {
    const gateway = await start();
    const clients = [
      await connectTo(gateway, 'shop'),
      await connectTo(gateway, 'shop'),
      await connectTo(gateway, 'blog'),
    ];
    await clients[0]?.result({ type: 'subscribe', ...chat });
    const list = (path: string, name: string) =>
      ofEach(async (app) => (await callApp(gateway, app, `/api/v1${path}`)).json[name].length);
    expect(await list('/connections', 'connections')).toEqual([0, 2, 1]);
    expect(await list('/channels', 'channels')).toEqual([0, 1, 0]);
    expect(await list('/nodes', 'nodes')).toEqual([1, 1, 1]);
    await callApp(gateway, 'main', '/api/v1/users/ada/disconnect', { body: {} });
    await clients[0]?.result({ type: 'ping' });
    await callApp(gateway, 'shop', '/api/v1/users/ada/disconnect', { body: {} });
    await clients[1]?.ended();
    await clients[2]?.result({ type: 'ping' });
  });

  it('answers to what became of a message', async () => {
    const gateway = await start();
    const shop = await connectTo(gateway, 'shop');
    await shop.result({ type: 'subscribe', ...chat });
    await ofEach((name) => publish(gateway, name, 'x'));
    await shop.messages('chat:a', 1);
    const why = async (name: AppName) =>
      (await callApp(gateway, name, '/api/v1/why?channel=chat:a&user=ada&offset=1')).json.connections?.length ?? 0;
    expect(await ofEach(why)).toEqual([0, 1, 0]);
  });

  it('webhooks', async () => {
    const endpoint = await HookEndpoint.start((_, response) => void response.writeHead(204).end());
    cleanups.push(() => endpoint.close());
    const key = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
    const webhooks = { crm: { url: endpoint.url, keys: [{ key }], events: ['message.published'] } };
    const shop = { at: { path: '/apps/shop' }, ...CHANNELS_AND_KEYS, webhooks };
    const blog = { at: { host: 'blog.example' }, ...CHANNELS_AND_KEYS };
    const gateway = await start({ privateTargets: ['127.0.0.0/8'], apps: { shop, blog } });
    await ofEach((name) => gateway.gateway.publish('chat:a', name));
    await gateway.gateway.app('blog').publish('chat:a', 'of the blog');
    await gateway.gateway.app('shop').publish('chat:a', 'of the shop');
    await expect.poll(() => endpoint.requests.length).toBe(1);
    const events = endpoint.requests.flatMap(
      ({ body }) => body as unknown as { data: { message: { data: unknown } } }[],
    );
    expect(events.map(({ data }) => data.message.data)).toEqual(['of the shop']);
  });

  it('schedules', async () => {
    const channels = { 'chat:{room}': { allow: { '*': 'users' }, history: true, schedule: {} } } as const;
    const app = { keys: [{ secret: SECRET }], channels };
    const gateway = await start({
      channels,
      apps: { shop: { at: { path: '/apps/shop' }, ...app }, blog: { at: { host: 'blog.example' }, ...app } },
    });
    await gateway.gateway.app('shop').schedule('chat:a', 'later', { delay: 3_600_000 });
    const waiting = [gateway.gateway, gateway.gateway.app('shop'), gateway.gateway.app('blog')];
    const counts = await Promise.all(waiting.map(async (app) => (await app.schedules('chat:a')).messages.length));
    expect(counts).toEqual([0, 1, 0]);
  });
});

const CHANNELS_AND_KEYS = {
  keys: [{ secret: SECRET }],
  channels: { 'chat:{room}': { allow: { '*': 'users' }, history: true } },
} as const;

describe('several apps in one gateway', () => {
  it('refuse the tokens of each other', async () => {
    const gateway = await startApps();
    const outcome = async (app: AppName, secret: string) => {
      const token = await tokenFor('ada', { secret });
      const answer = await (await openAt(gateway, app)).request({ type: 'connect', token });
      return 'error' in answer ? answer.error.name : 'accepted';
    };
    expect([await outcome('shop', SECRET), await outcome('main', SHOP_SECRET)]).toEqual([
      'token_signature',
      'token_signature',
    ]);
    expect([await outcome('shop', SHOP_SECRET), await outcome('main', SECRET)]).toEqual(['accepted', 'accepted']);
  });

  it('refuse the API keys of each other', async () => {
    const gateway = await startApps();
    for (const app of NAMES) {
      for (const other of NAMES) {
        const { status } = await callApp(gateway, app, '/api/v1/nodes', { bearer: ACCESS[other].key });
        expect([app, other, status]).toEqual([app, other, app === other ? 200 : 401]);
      }
    }
  });

  it('serve Server-sent events', async () => {
    const gateway = await startApps();
    const streams = await ofEach((name) => followEvents(gateway, name, 'channel=chat:a'));
    await ofEach((name) => publish(gateway, name, name));
    for (const [at, stream] of streams.entries()) {
      expect((await stream.next('message')).data.data).toBe(NAMES[at]);
      stream.close();
    }
  });

  it('serve the client of the SDK at the path of an app', async () => {
    const gateway = await startApps();
    const token = () => tokenFor('ada', { secret: SHOP_SECRET });
    const client = createClient({ url: `${gateway.url.replace('http', 'ws')}/apps/shop/ws`, WebSocket, token });
    cleanups.push(() => client.close());
    const received: unknown[] = [];
    await client.channel('chat:a').subscribe(({ data }) => received.push(data)).ready;
    await publish(gateway, 'main', 'elsewhere');
    await publish(gateway, 'shop', 'here');
    await expect.poll(() => received).toEqual(['here']);
  });

  it('treat an unknown path or host as the default app does', async () => {
    const gateway = await startApps();
    const status = (path: string) => callApp(gateway, 'main', path).then((answer) => answer.status);
    expect(await status('/apps/other/api/v1/nodes')).toBe(404);
    expect(await status('/apps/shopping/api/v1/nodes')).toBe(404);
    await expect(gateway.open('sluice.v1.json', {}, { path: '/apps/other/ws' })).rejects.toThrow('404');
    const { json } = await callApp(gateway, 'shop', '/api/v1/publsh', { method: 'POST' });
    expect(json.error.message).toContain('"/apps/shop/api/v1/publsh". Did you mean POST /apps/shop/api/v1/publish?');
    expect(json.error.message).toContain('WebSockets are at /apps/shop/ws');
    const { client } = await gateway.open('sluice.v1.json', { host: 'other.example' });
    await client.result({ type: 'connect', token: await tokenFor('ada') });
    expect((await callApp(gateway, 'main', '/api/v1/connections')).json.connections).toHaveLength(1);
  });

  it('believe the host that a proxy names only with "trustProxy"', async () => {
    for (const trustProxy of [true, false]) {
      const gateway = await startApps({ trustProxy });
      const { client } = await gateway.open('sluice.v1.json', { 'x-forwarded-host': 'blog.example' });
      await client.result({ type: 'connect', token: await tokenFor('ada') });
      const counts = await ofEach(
        async (name) => (await callApp(gateway, name, '/api/v1/connections')).json.connections.length,
      );
      expect(counts).toEqual(trustProxy ? [0, 0, 1] : [1, 0, 0]);
    }
  });

  it('are at hand of the program that embeds the gateway', async () => {
    const { gateway } = await startApps();
    await gateway.app('shop').publish('chat:a', 1);
    expect((await gateway.app('shop').manage.channel('chat:a')).head).toBe(1);
    expect(() => gateway.app('none')).toThrow('there is no app "none". Its apps are: "shop", "blog"');
  });
});

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import type { AppInput } from '../src/config/options/apps.ts';
import { type ConfigInput, parseConfig } from '../src/config/schema.ts';
import { MemoryEngine } from '../src/engine/memory/memory-engine.ts';
import { APPS, type AppName } from './support/app-configs.ts';
import { callApp, connectTo, openAt, startApps } from './support/app-gateways.ts';
import { folder } from './support/durable-world.ts';
import { RealGateway } from './support/real-gateway.ts';
import { SECRET, tokenFor } from './support/tokens.ts';

const NAMES: readonly AppName[] = ['main', 'shop', 'blog'];
const chat = { channel: 'chat:a' } as const;

/** The configuration, with other options of the shop. */
const withShop = (own: Partial<AppInput>, more: ConfigInput = {}): ConfigInput => ({
  ...APPS,
  ...more,
  apps: { ...APPS.apps, shop: { ...(APPS.apps?.shop as AppInput), ...own } },
});

const parse = (input: ConfigInput) => parseConfig({ host: '127.0.0.1', port: 0, log: { level: 'silent' }, ...input });

async function errorOf(gateway: RealGateway, app: AppName): Promise<string> {
  return connectTo(gateway, app).then(
    () => 'connected',
    (error: Error) => error.message,
  );
}

describe('the limits of apps', () => {
  it('are those of each app', async () => {
    const gateway = await startApps(withShop({ limits: { subscriptions: 1, connectionsPerUser: 2 } }));
    const outcome = async (app: AppName) => {
      const client = await connectTo(gateway, app);
      await client.result({ type: 'subscribe', channel: 'chat:a' });
      return (await client.request({ type: 'subscribe', channel: 'chat:b' })).type;
    };
    expect([await outcome('main'), await outcome('shop'), await outcome('blog')]).toEqual(['reply', 'error', 'reply']);
    expect(await errorOf(gateway, 'shop')).toBe('connected');
    expect(await errorOf(gateway, 'shop')).toContain('too_many_connections');
    for (const app of ['main', 'main', 'blog', 'blog'] as const) expect(await errorOf(gateway, app)).toBe('connected');
  });

  it('count rates for each app', async () => {
    const channels = { 'chat:{room}': { allow: { '*': 'users' }, rate: 1 } } as const;
    const gateway = await startApps(withShop({ channels }, { channels }));
    const publishAll = async (app: AppName) => {
      const client = await connectTo(gateway, app);
      const ids = client.send(...Array.from({ length: 30 }, () => ({ type: 'publish', ...chat, data: 1 }) as const));
      for (const id of ids) await client.wait((message) => 'id' in message && message.id === id);
      return client.received.filter(({ type }) => type === 'error').length;
    };
    const [shop, main] = [await publishAll('shop'), await publishAll('main')];
    expect(shop).toBeGreaterThan(0);
    expect(main).toBe(shop);
    expect(await publishAll('blog')).toBe(0);
  });

  it('share what belongs to the process: connections of an address', async () => {
    const gateway = await startApps({ limits: { connectionsPerAddress: 2 } });
    expect([await errorOf(gateway, 'shop'), await errorOf(gateway, 'blog')]).toEqual(['connected', 'connected']);
    for (const app of NAMES) {
      const client = await openAt(gateway, app);
      expect((await client.ended()).reason).toContain('too_many_connections');
    }
  });

  it('share what belongs to the process: the rate of new connections', async () => {
    const gateway = await startApps({ limits: { connectionRate: 2 } });
    expect([await errorOf(gateway, 'shop'), await errorOf(gateway, 'blog')]).toEqual(['connected', 'connected']);
    await expect(openAt(gateway, 'main')).rejects.toThrow('503');
  });
});

describe('a reload of several apps', () => {
  it('applies what has changed in each of them', async () => {
    const gateway = await startApps();
    const shop = await connectTo(gateway, 'shop');
    const blog = await connectTo(gateway, 'blog');
    for (const client of [shop, blog]) await client.result({ type: 'subscribe', ...chat });
    const next = withShop({ channels: { 'chat:{room}': { allow: { publish: 'users' } } }, keys: [{ secret: SECRET }] });
    expect(await gateway.gateway.reload(parse(next))).toEqual({
      changes: ['apps.shop: channels: changed "chat:{room}"', 'apps.shop: keys: changed'],
      restart: [],
    });
    expect(await shop.push('unsubscribed', 'chat:a')).toMatchObject({ reason: 'permission' });
    await blog.result({ type: 'publish', ...chat, data: 1 });
    await blog.messages('chat:a', 1);
    const again = await openAt(gateway, 'shop');
    await again.result({ type: 'connect', token: await tokenFor('ada') });
  });

  it('changes nothing if there is a mistake in one app', async () => {
    const gateway = await startApps();
    const broken = () => parse({ ...withShop({ channels: { a: { slow: 'never' } as never } }), channels: {} });
    gateway.gateway.reloadFrom(async () => broken());
    const answer = await callApp(gateway, 'main', '/api/v1/reload', { method: 'POST' });
    expect([answer.status, answer.json.nodes[0].problem]).toEqual([
      422,
      expect.stringContaining('apps.shop.channels.a'),
    ]);
    for (const app of NAMES) {
      await (await connectTo(gateway, app)).result({ type: 'subscribe', ...chat });
    }
  });

  it('changes nothing if the engine of one app cannot apply it', async () => {
    class Plain extends MemoryEngine {
      override readonly groups = undefined as never;
    }
    const channels = { 'chat:{room}': { allow: { '*': 'users' }, history: true } } as const;
    const apps = Object.fromEntries(
      Object.entries(APPS.apps ?? {}).map(([name, app]) => [name, { ...app, channels, schedules: {} }]),
    );
    const gateway = await startApps({ channels, apps, schedules: {} }, { engine: new Plain() });
    const schedules = { digest: { channel: 'chat:a', cron: '0 9 * * *' } };
    const other = Object.fromEntries(
      Object.entries(apps).map(([name, app]) => [name, { ...app, schedules, channels: { 'chat:{room}': {} } }]),
    );
    const queue = { 'chat:{room}': { allow: { '*': 'users' }, queue: {} } } as const;
    const next = parse({ ...APPS, channels: queue, apps: other, schedules: {} });
    await expect(gateway.gateway.reload(next)).rejects.toThrow('has no consumer groups');
    for (const app of NAMES) {
      expect((await callApp(gateway, app, '/api/v1/schedules')).json).toEqual({ schedules: [] });
      await (await connectTo(gateway, app)).result({ type: 'subscribe', ...chat });
    }
  });

  it('leaves the schedules of the default app in force if another app cannot follow', async () => {
    const app = { keys: [{ secret: SECRET }], apiKeys: APPS.apps?.shop?.apiKeys ?? [] };
    const channels = { 'chat:{room}': { allow: { '*': 'users' } } } as const;
    const input = {
      ...APPS,
      channels,
      schedules: {},
      apps: { shop: { at: { path: '/apps/shop' }, ...app, channels } },
    };
    const gateway = await startApps(input as ConfigInput);
    const schedules = { digest: { channel: 'chat:a', cron: '0 9 * * *' } };
    const next = parse({ ...input, schedules } as ConfigInput);
    const [shop] = next.apps;
    const badKey = { ...shop, config: { ...shop?.config, apiKeys: null } };
    await expect(gateway.gateway.reload({ ...next, apps: [badKey as never] })).rejects.toThrow();
    expect((await callApp(gateway, 'main', '/api/v1/schedules')).json).toEqual({ schedules: [] });
    await gateway.gateway.reload(next);
    expect((await callApp(gateway, 'main', '/api/v1/schedules')).json.schedules).toHaveLength(1);
  });

  it('names apps that were added, removed and moved: they need a restart', async () => {
    const gateway = await startApps();
    const { shop, blog } = APPS.apps as Record<string, AppInput>;
    const apps = { shop: { ...shop, at: { path: '/shop' } }, more: { ...blog } } as Record<string, AppInput>;
    expect(await gateway.gateway.reload(parse({ ...APPS, apps }))).toEqual({
      changes: [],
      restart: ['apps.shop.at', 'apps.blog', 'apps.more'],
    });
    for (const app of NAMES) expect(await errorOf(gateway, app)).toBe('connected');
  });
});

describe('the process of several apps', () => {
  it('shows the metrics of all at one place, with the label "app" for named ones', async () => {
    const gateway = await startApps();
    for (const [at, app] of NAMES.entries()) {
      for (let n = 0; n <= at; n++) await callApp(gateway, app, '/api/v1/publish', { body: { ...chat, data: 1 } });
    }
    const { text } = await callApp(gateway, 'main', '/metrics');
    const published = text.split('\n').filter((line) => line.startsWith('sluice_messages_in_total{'));
    expect(published.sort()).toEqual([
      'sluice_messages_in_total{rule="chat:{room}",app="blog"} 3',
      'sluice_messages_in_total{rule="chat:{room}",app="shop"} 2',
      'sluice_messages_in_total{rule="chat:{room}"} 1',
    ]);
    expect(text.match(/^# TYPE sluice_messages_in_total /gm)).toHaveLength(1);
    expect(text.match(/^sluice_connections(?:\{app="(?:shop|blog)"\})? 0$/gm)).toHaveLength(3);
    expect(text.match(/^sluice_build_info\{/gm)).toHaveLength(1);
    expect(text).not.toMatch(/^sluice_(?:build_info|event_loop_lag_seconds|connections_refused)\{.*app="/m);
  });

  it.each([
    ['GET', '/metrics'],
    ['POST', '/api/v1/reload'],
    ['POST', '/api/v1/drain'],
  ])('is not at the disposal of a named app: %s %s', async (method, path) => {
    const gateway = await startApps();
    for (const app of ['shop', 'blog'] as const) {
      expect((await callApp(gateway, app, path, { method, body: { node: 'x' } })).status).toBe(404);
    }
    const described = (await callApp(gateway, 'shop', '/api/v1/openapi.json')).json;
    expect(Object.keys(described.paths)).not.toContain(path);
  });

  it('shows a named app nothing of its configuration', async () => {
    const gateway = await startApps();
    const shown = async (app: AppName) => (await callApp(gateway, app, '/api/v1/config')).json;
    expect(JSON.stringify(await shown('shop'))).not.toMatch(/blog|"port"|"engine"|"node"|secret of/);
    expect((await shown('shop')).channels).toHaveProperty('chat:{room}');
    expect((await shown('main')).apps).toHaveProperty('blog');
  });

  it('serves the console of each app', async () => {
    const gateway = await startApps({ node: 'here' });
    for (const app of NAMES) {
      const settings = (await callApp(gateway, app, '/console/settings.json')).json;
      expect(settings).toEqual({ mode: 'read', node: 'here', dev: false, hasPages: false });
    }
    expect((await callApp(gateway, 'shop', '/console')).status).toBe(308);
  });

  it('is ready when all apps are', async () => {
    const gateway = await startApps();
    for (const app of NAMES) expect((await callApp(gateway, app, '/health/ready')).status).toBe(200);
    const blog = gateway.gateway.app('blog') as unknown as { close(): Promise<void> };
    await blog.close();
    expect((await callApp(gateway, 'main', '/health/ready')).json).toMatchObject({
      status: 'unavailable',
      reason: 'app "blog": the gateway is stopped',
    });
    expect((await callApp(gateway, 'shop', '/health/ready')).status).toBe(200);
  });

  it('stays ready if the store of one app is full, which only that app reports', async () => {
    const gateway = await startApps();
    const shop = gateway.apps.find(({ name }) => name === 'shop');
    Object.defineProperty(shop?.assembly.engine, 'trouble', { value: 'the channels have taken as much as they may' });
    const states = await Promise.all(NAMES.map(async (app) => (await callApp(gateway, app, '/health/ready')).status));
    expect(states).toEqual([200, 503, 200]);
  });

  it('accepts no client of an app that has stopped', async () => {
    const gateway = await startApps();
    await (gateway.gateway.app('blog') as unknown as { close(): Promise<void> }).close();
    expect(await errorOf(gateway, 'blog')).not.toBe('connected');
    expect(await errorOf(gateway, 'shop')).toBe('connected');
  });

  it('stops the other apps only when the default app has drained', async () => {
    const lines: { readonly msg: string; readonly app?: string }[] = [];
    const log = pino({ level: 'debug' }, { write: (line) => void lines.push(JSON.parse(line)) });
    const gateway = await startApps({ drain: '200ms', drainPace: 1 }, { log });
    const clients = await Promise.all(['ada', 'bob', 'cid'].map((user) => connectTo(gateway, 'main', user)));
    await gateway.gateway.close();
    for (const client of clients) await client.ended();
    const lastClosed = lines.findLastIndex(({ msg, app }) => msg === 'connection closed' && app === undefined);
    const firstStopped = lines.findIndex(({ msg, app }) => msg === 'gateway stopped' && app !== undefined);
    expect(lastClosed).toBeGreaterThan(-1);
    expect(firstStopped).toBeGreaterThan(lastClosed);
  });

  it('drains all apps', async () => {
    const gateway = await startApps();
    const clients = await Promise.all(NAMES.map((app) => connectTo(gateway, app)));
    const streams = clients.map((client) => client.push('drain'));
    const closed = gateway.gateway.close();
    for (const stream of streams) await stream;
    await closed;
    for (const client of clients) await client.ended();
  });

  it('does not start if an app cannot, and releases the others', async () => {
    const data = folder();
    mkdirSync(join(data, 'apps'));
    writeFileSync(join(data, 'apps', 'blog'), 'a file where a folder has to be');
    const input = { ...APPS, engine: 'durable', durable: { data } } as const;
    const gateway = new RealGateway(input);
    await expect(gateway.start()).rejects.toThrow('the app "blog" cannot start: ');
    rmSync(join(data, 'apps', 'blog'));
    const again = new RealGateway(input);
    await again.start(); // neither the folder of the shop nor that of the default app is locked
    await again.stop();
  });

  it('names the app in its log', async () => {
    const lines: string[] = [];
    const log = pino({ level: 'debug' }, { write: (line) => void lines.push(line) });
    const gateway = await startApps({}, { log });
    await connectTo(gateway, 'shop');
    const opened = lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'connection opened');
    expect(opened.map(({ app }) => app)).toEqual(['shop']);
    expect(lines.filter((line) => line.includes('"url"'))).toHaveLength(1);
  });
});

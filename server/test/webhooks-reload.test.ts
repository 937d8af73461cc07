import { pino } from 'pino';
import { Webhook } from 'standardwebhooks';
import { afterEach, describe, expect, it } from 'vitest';
import { type ConfigInput, parseConfig } from '../src/config/schema.ts';
import type { WebhookInput } from '../src/config/webhook-options.ts';
import { HookEndpoint, type Respond } from './support/hook-endpoint.ts';
import { SECRET, tokenFor } from './support/tokens.ts';
import { createWorld, type World } from './support/world.ts';

const KEYS = [7, 8].map((fill) => `whsec_${Buffer.alloc(32, fill).toString('base64')}`) as [string, string];
const CHANNELS = {
  'chat:{room}': { allow: { '*': 'users' }, history: true, presence: { grace: 0, interval: 0 } },
} as const;
const chat = { channel: 'chat:lobby' } as const;

interface CloudEvent {
  readonly type: string;
  readonly subject?: string;
  readonly data: { readonly message?: { readonly data: unknown } };
}

const endpoints: HookEndpoint[] = [];
afterEach(async () => {
  await Promise.all(endpoints.splice(0).map((endpoint) => endpoint.close()));
});

async function listen(respond: Respond = (_, response) => void response.writeHead(204).end()): Promise<HookEndpoint> {
  const endpoint = await HookEndpoint.start(respond);
  endpoints.push(endpoint);
  return endpoint;
}

const received = ({ requests }: HookEndpoint): CloudEvent[] =>
  requests.flatMap(({ body }) => body as unknown as readonly CloudEvent[]);
const typesOf = (endpoint: HookEndpoint): string[] => received(endpoint).map(({ type }) => type);
const textsOf = (endpoint: HookEndpoint): unknown[] => received(endpoint).map(({ data }) => data.message?.data);

const hookTo = (endpoint: HookEndpoint, options: Partial<WebhookInput> = {}): WebhookInput => ({
  ...{ url: endpoint.url, keys: [{ key: KEYS[0] }], events: ['message.published'] },
  ...options,
});

interface Started {
  readonly world: World;
  readonly lines: string[];
  readonly connect: (user: string) => Promise<Awaited<ReturnType<World['connect']>>['client']>;
  readonly reload: (webhooks: Record<string, WebhookInput>, more?: ConfigInput) => Promise<readonly string[]>;
  /** Lets time pass until the endpoint has received this many events. */
  readonly until: (endpoint: HookEndpoint, count: number) => Promise<void>;
}

async function start(webhooks: Record<string, WebhookInput> = {}): Promise<Started> {
  const lines: string[] = [];
  const base = { channels: CHANNELS, privateTargets: ['127.0.0.0/8'], node: 'n1' } as const;
  const log = pino({ level: 'info' }, { write: (line) => void lines.push(line) });
  const world = await createWorld({ ...base, webhooks }, { log });
  world.clock.set(Date.now() - world.clock.now()); // receivers compare the timestamp with their own clock
  return {
    ...{ world, lines },
    connect: async (user) => (await world.connect(await tokenFor(user, { clock: () => world.clock.now() }))).client,
    reload: async (next, more = {}) => {
      const config = parseConfig({ keys: [{ secret: SECRET }], ...base, webhooks: next, ...more } as ConfigInput);
      return (await world.gateway.reload(config)).changes;
    },
    until: (endpoint, count) =>
      world.until(() => {
        world.clock.advance(1);
        return received(endpoint).length >= count;
      }),
  };
}

describe('a reload of webhooks', () => {
  it('adds an endpoint, which receives what happens from then on', async () => {
    const endpoint = await listen();
    const { world, reload, until, lines } = await start();
    await world.gateway.publish('chat:lobby', 'before');
    expect(await reload({ crm: hookTo(endpoint) })).toEqual(['webhooks: added "crm"']);
    await world.gateway.publish('chat:lobby', 'after');
    await until(endpoint, 1);
    expect(textsOf(endpoint)).toEqual(['after']);
    expect(lines.join()).toContain('webhooks: added \\"crm\\"');
    expect(lines.join()).not.toContain(KEYS[0]);
  });

  it('removes an endpoint, which sends what waited once its name is back', async () => {
    let status = 500;
    const endpoint = await listen((_, response) => void response.writeHead(status).end());
    const { world, reload, until } = await start({ crm: hookTo(endpoint) });
    await world.gateway.publish('chat:lobby', 'while it was there');
    await until(endpoint, 1);
    expect(await reload({})).toEqual(['webhooks: removed "crm"']);
    await world.gateway.publish('chat:lobby', 'while it was away');
    const attempts = endpoint.requests.length;
    world.clock.advance(600_000);
    await world.idle();
    expect(endpoint.requests.length).toBe(attempts);

    status = 204;
    await reload({ crm: hookTo(endpoint) });
    await world.gateway.publish('chat:lobby', 'afterwards');
    await until(endpoint, attempts + 2);
    expect(textsOf(endpoint).slice(attempts)).toEqual(['while it was there', 'afterwards']);
  });

  it('changes address and secret: what is being repeated goes there at once', async () => {
    const broken = await listen((_, response) => void response.writeHead(500).end());
    const mended = await listen();
    const { world, reload, until } = await start({ crm: hookTo(broken) });
    await world.gateway.publish('chat:lobby', 'one');
    await until(broken, 1);
    expect(await reload({ crm: hookTo(mended, { keys: [{ key: KEYS[1] }] }) })).toEqual(['webhooks: changed "crm"']);
    await until(mended, 1);
    const [request] = mended.requests;
    const raw = JSON.stringify(request?.body);
    expect(() => new Webhook(KEYS[1]).verify(raw, request?.headers as never)).not.toThrow();
    expect(textsOf(mended)).toEqual(['one']);
  });

  it('ends that an endpoint is gone if its address changes, not otherwise', async () => {
    const gone = await listen((_, response) => void response.writeHead(410).end());
    const mended = await listen();
    const { world, reload, until } = await start({ crm: hookTo(gone) });
    await world.gateway.publish('chat:lobby', 'one');
    await until(gone, 1);
    await reload({ crm: hookTo(gone, { batch: 7 }) });
    world.clock.advance(600_000);
    await world.idle();
    expect(gone.requests.length).toBe(1);
    await reload({ crm: hookTo(mended) });
    await until(mended, 1);
    expect(textsOf(mended)).toEqual(['one']);
  });

  it('changes which channels and events an endpoint wants', async () => {
    const endpoint = await listen();
    const { world, connect, reload, until } = await start({ crm: hookTo(endpoint, { channels: ['chat:a'] }) });
    await world.gateway.publish('chat:b', 'not wanted');
    await reload({ crm: hookTo(endpoint, { channels: ['chat:b'], events: ['message.published', 'connection.*'] }) });
    await world.gateway.publish('chat:a', 'no longer wanted');
    await world.gateway.publish('chat:b', 'wanted');
    await connect('ada');
    await until(endpoint, 2);
    expect(typesOf(endpoint)).toEqual(['message.published', 'connection.opened']);
    await reload({ crm: hookTo(endpoint, { events: ['connection.closed'] }) });
    await connect('ben');
    await world.gateway.publish('chat:b', 'no longer wanted');
    world.gateway.manage.disconnect('ada');
    await until(endpoint, 3);
    expect(typesOf(endpoint).slice(2)).toEqual(['connection.closed']);
  });

  it('reports users and channels that were there before, and when they go', async () => {
    const endpoint = await listen();
    const { connect, reload, until } = await start();
    const [ada] = [await connect('ada'), await connect('ada')];
    await ada.result({ type: 'subscribe', ...chat });
    await ada.result({ type: 'subscribe', channel: 'chat:other' });
    const presence = { debounce: 0, events: ['user.*', 'channel.*'], channels: ['chat:lobby'] };
    await reload({ crm: hookTo(endpoint, presence) });
    await until(endpoint, 2);
    const shown = () => received(endpoint).map(({ type, subject }) => `${type} ${subject}`);
    expect(shown().sort()).toEqual(['channel.occupied chat:lobby', 'user.online ada']);
    await ada.result({ type: 'unsubscribe', ...chat });
    await until(endpoint, 3);
    expect(shown()[2]).toBe('channel.vacated chat:lobby');

    await reload({ crm: hookTo(endpoint, { ...presence, channels: ['chat:other'] }) });
    await until(endpoint, 4);
    expect(shown()[3]).toBe('channel.occupied chat:other');
  });

  it('reports members of channels that are entered from then on', async () => {
    const endpoint = await listen();
    const { connect, reload, until } = await start();
    const ada = await connect('ada');
    await reload({ crm: hookTo(endpoint, { events: ['member.*'] }) });
    await ada.result({ type: 'enter', ...chat });
    await until(endpoint, 1);
    expect(typesOf(endpoint)).toEqual(['member.entered']);
  });

  it('changes nothing if anything in the configuration is wrong', async () => {
    const endpoint = await listen();
    const { world, reload, until } = await start();
    const wrong = { channels: { 'chat:{room}': { slow: 'never' } } } as never;
    await expect(reload({ crm: hookTo(endpoint) }, wrong)).rejects.toThrow('slow');
    await world.gateway.publish('chat:lobby', 'not seen');
    await reload({ crm: hookTo(endpoint) });
    await world.gateway.publish('chat:lobby', 'seen');
    await until(endpoint, 1);
    expect(textsOf(endpoint)).toEqual(['seen']);
  });
});

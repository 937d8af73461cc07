import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { pino } from 'pino';
import { Webhook } from 'standardwebhooks';
import { afterEach, describe, expect, it } from 'vitest';
import type { WebhookInput } from '../src/config/webhook-options.ts';
import { EngineUnavailable } from '../src/engine/engine.ts';
import { HookEndpoint, type Respond } from './support/hook-endpoint.ts';
import type { ProtocolClient } from './support/protocol-client.ts';
import { tokenFor } from './support/tokens.ts';
import { createWorld, type World } from './support/world.ts';

const KEY = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const CHANNELS = {
  'chat:{room}': { allow: { '*': 'users' }, history: true, presence: { grace: 0, interval: 0 } },
  'jobs:{kind}': { allow: { '*': 'users', consume: 'users' }, queue: { maxDeliveries: 1, backoff: [] } },
  'busy:{id}': { allow: { '*': 'users' }, history: true },
  full: { bind: ['busy:*'], queue: { maxLength: 1 } },
} as const;
const chat = { channel: 'chat:lobby' } as const;

interface CloudEvent {
  readonly id: string;
  readonly type: string;
  readonly subject?: string;
  readonly data: Readonly<Record<string, unknown>>;
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

/** The events that an endpoint has received, in order; repeated requests included. */
const received = ({ requests }: HookEndpoint): CloudEvent[] =>
  requests.flatMap(({ body }) => body as unknown as readonly CloudEvent[]);
const typesOf = (endpoint: HookEndpoint): string[] => received(endpoint).map(({ type }) => type);

interface Started {
  readonly world: World;
  readonly lines: string[];
  readonly connect: (user?: string) => Promise<ProtocolClient>;
}

async function start(endpoint: HookEndpoint, options: Partial<WebhookInput> = {}): Promise<Started> {
  const lines: string[] = [];
  const world = await createWorld(
    {
      ...{ channels: CHANNELS, privateTargets: ['127.0.0.0/8'], node: 'n1' },
      webhooks: { crm: { url: endpoint.url, keys: [{ key: KEY }], events: ['message.published'], ...options } },
    },
    { log: pino({ level: 'warn' }, { write: (line) => void lines.push(line) }) },
  );
  world.clock.set(Date.now() - world.clock.now()); // receivers compare the timestamp with their own clock
  const connect = async (user = 'ada') =>
    (await world.connect(await tokenFor(user, { clock: () => world.clock.now() }))).client;
  return { world, lines, connect };
}

/** Runs the event loop, and lets time pass, until the endpoint has received this many events. */
async function until(world: World, endpoint: HookEndpoint, count: number): Promise<CloudEvent[]> {
  await world.until(() => {
    world.clock.advance(1);
    return received(endpoint).length >= count;
  });
  return received(endpoint);
}

describe('a webhook', () => {
  it('receives published messages as a signed batch of CloudEvents', async () => {
    const endpoint = await listen();
    const { world, connect } = await start(endpoint);
    const client = await connect();
    await client.result({ type: 'publish', ...chat, data: { text: 'hello' }, event: 'said', tags: { team: 'red' } });
    const [event] = await until(world, endpoint, 1);
    expect(event).toMatchObject({
      specversion: '1.0',
      id: expect.stringMatching(/\.1$/),
      source: '/sluice',
      type: 'message.published',
      subject: 'chat:lobby',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      datacontenttype: 'application/json',
      data: {
        channel: 'chat:lobby',
        epoch: expect.any(String),
        message: { offset: 1, data: { text: 'hello' }, event: 'said', tags: { team: 'red' }, from: 'ada' },
      },
    });
    const [{ headers, text } = expect.fail('no request')] = endpoint.requests;
    expect(headers['content-type']).toBe('application/cloudevents-batch+json');
    expect(new Webhook(KEY).verify(text, headers as Record<string, string>)).toHaveLength(1);
  });

  it('is signed with Ed25519 as well, by a key whose public half is published', async () => {
    const { privateKey } = generateKeyPairSync('ed25519');
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
    const endpoint = await listen();
    const { world } = await start(endpoint, { keys: [{ key: KEY }, { key: pem }] });
    await world.gateway.publish('chat:lobby', 1);
    await until(world, endpoint, 1);
    const [{ headers, text } = expect.fail('no request')] = endpoint.requests;
    const { keys } = world.assembly.webhooks?.webhooks.publicKeys ?? expect.fail('no webhooks');
    const signature = String(headers['webhook-signature'])
      .split(' ')
      .find((one) => one.startsWith('v1a,'));
    const content = Buffer.from(`${headers['webhook-id']}.${headers['webhook-timestamp']}.${text}`);
    const key = createPublicKey({ key: keys[0] as { kty: string }, format: 'jwk' });
    expect(verify(null, content, key, Buffer.from(signature?.slice(4) ?? '', 'base64'))).toBe(true);
    expect(JSON.stringify(keys)).not.toContain('"d"');
  });

  it('receives a message that is in its log although a bound queue refuses the copy, once', async () => {
    const endpoint = await listen();
    const { world } = await start(endpoint);
    await world.gateway.publish('busy:a', 1);
    await expect(world.gateway.publish('busy:a', 2)).rejects.toThrow('not acknowledged');
    for (let attempt = 0; attempt < 8; attempt++) {
      await expect(world.gateway.publish('busy:a', 3, { key: 'order-7' })).rejects.toThrow('not acknowledged');
      world.clock.advance(120_000);
    }
    await world.gateway.publish('chat:lobby', 'the last one');
    await until(world, endpoint, 4);
    const data = received(endpoint).map((event) => (event.data.message as { data: unknown }).data);
    expect(data).toEqual([1, 2, 3, 'the last one']);
  });

  it('receives a message whose publish was stored without an answer, when it is retried', async () => {
    const endpoint = await listen();
    const { world } = await start(endpoint);
    const { log } = world.services;
    const append = log.append.bind(log);
    let isLost = true;
    log.append = (channel, ...rest) => {
      const result = append(channel, ...rest);
      if (channel !== 'chat:lobby' || !isLost) return result;
      isLost = false;
      throw new EngineUnavailable('the reply was lost');
    };
    const publish = async (data: string) => await world.gateway.publish('chat:lobby', data, { key: 'order-7' });
    await expect(publish('first')).rejects.toThrow();
    const { id, offset } = await publish('again');
    await publish('once more');
    await world.gateway.publish('chat:lobby', 'next');
    const events = await until(world, endpoint, 2);
    expect(events.map(({ data }) => data.message)).toMatchObject([
      { id, offset, data: 'first' },
      { offset: 2, data: 'next' },
    ]);
  });

  it('receives only the events, channels and messages that it wants', async () => {
    const endpoint = await listen();
    const { world } = await start(endpoint, { channels: ['chat:*'], where: { event: 'paid' } });
    await world.gateway.publish('jobs:a', 1, { event: 'paid' });
    await world.gateway.publish('chat:lobby', 2, { event: 'other' });
    await world.gateway.publish('chat:lobby', 3, { event: 'paid' });
    const events = await until(world, endpoint, 1);
    expect(events.map(({ data }) => (data.message as { data: number }).data)).toEqual([3]);
  });

  it('keeps the order of events, in batches', async () => {
    const endpoint = await listen();
    const { world } = await start(endpoint, { batch: 10 });
    for (let at = 0; at < 35; at++) await world.gateway.publish(`chat:${at % 3}`, at);
    const events = await until(world, endpoint, 35);
    expect(events.map(({ data }) => (data.message as { data: number }).data)).toEqual(
      Array.from({ length: 35 }, (_, at) => at),
    );
    expect(Math.max(...endpoint.requests.map(({ body }) => (body as unknown as unknown[]).length))).toBeLessThanOrEqual(
      10,
    );
  });

  it('learns of connections and users', async () => {
    const endpoint = await listen();
    const { world } = await start(endpoint, { events: ['user.*', 'connection.*'], debounce: 2_000 });
    const open = async () => await world.connect(await tokenFor('ada', { clock: () => world.clock.now() }));
    const [first, second] = [await open(), await open()];
    first.socket.cut();
    second.socket.cut();
    await until(world, endpoint, 6);
    const types = typesOf(endpoint).sort();
    expect(types).toEqual([
      ...['connection.closed', 'connection.closed', 'connection.opened', 'connection.opened'],
      ...['user.offline', 'user.online'],
    ]);
    const offline = received(endpoint).find(({ type }) => type === 'user.offline');
    expect(offline).toMatchObject({ subject: 'ada', data: { user: 'ada' } });
  });

  it('learns of occupied and vacated channels, but not of a short absence', async () => {
    const endpoint = await listen();
    const { world, connect } = await start(endpoint, { events: ['channel.*'], debounce: 2_000 });
    const [ada, bob] = [await connect('ada'), await connect('bob')];
    await ada.result({ type: 'subscribe', ...chat });
    await bob.result({ type: 'subscribe', ...chat });
    await bob.result({ type: 'unsubscribe', ...chat });
    await ada.result({ type: 'unsubscribe', ...chat });
    world.clock.advance(1_000);
    await ada.result({ type: 'subscribe', ...chat });
    world.clock.advance(5_000);
    await ada.result({ type: 'unsubscribe', ...chat });
    await until(world, endpoint, 2);
    expect(received(endpoint)).toMatchObject([
      { type: 'channel.occupied', subject: 'chat:lobby' },
      { type: 'channel.vacated', subject: 'chat:lobby' },
    ]);
  });

  it('learns of members', async () => {
    const endpoint = await listen();
    const { world, connect } = await start(endpoint, { events: ['member.*'] });
    const client = await connect();
    await client.result({ type: 'enter', ...chat, state: 'here' });
    await client.result({ type: 'enter', ...chat, state: 'away' });
    await client.result({ type: 'leave', ...chat });
    const events = await until(world, endpoint, 3);
    expect(events).toMatchObject([
      { type: 'member.entered', data: { channel: 'chat:lobby', user: 'ada', state: 'here' } },
      { type: 'member.changed', data: { state: 'away' } },
      { type: 'member.left', data: { user: 'ada' } },
    ]);
  });

  it('learns of dead letters', async () => {
    const endpoint = await listen();
    const { world } = await start(endpoint, { events: ['group.dead'] });
    const stop = world.gateway.consume('jobs:a', () => Promise.reject(new Error('no')));
    await world.gateway.publish('jobs:a', 1);
    const [event] = await until(world, endpoint, 1);
    expect(event).toMatchObject({ type: 'group.dead', subject: 'jobs:a', data: { group: 'queue', dead: 1 } });
    await stop();
  });
});

describe('a webhook that cannot be delivered', () => {
  it('is repeated with the same id and body, before all later events', async () => {
    let isAway = true;
    const endpoint = await listen((_, response) => void response.writeHead(isAway ? 500 : 204).end());
    const { world, lines } = await start(endpoint);
    await world.gateway.publish('chat:lobby', 'first');
    await world.until(() => {
      world.clock.advance(100);
      return endpoint.requests.length >= 3;
    });
    await world.gateway.publish('chat:lobby', 'second');
    isAway = false;
    const before = endpoint.requests.length;
    await until(world, endpoint, before + 2);
    const ids = endpoint.requests.map(({ headers }) => headers['webhook-id']);
    expect(new Set(ids.slice(0, before + 1)).size).toBe(1);
    expect(new Set(endpoint.requests.slice(0, before + 1).map(({ text }) => text)).size).toBe(1);
    expect(
      received(endpoint)
        .map(({ data }) => (data.message as { data: string }).data)
        .slice(before),
    ).toEqual(['first', 'second']);
    expect(lines.join('')).toContain('a webhook could not be delivered');
  });

  it('waits longer after each failure, and as long as Retry-After says', async () => {
    const endpoint = await listen((_, response) => void response.writeHead(503, { 'retry-after': '120' }).end());
    const { world } = await start(endpoint);
    await world.gateway.publish('chat:lobby', 1);
    await until(world, endpoint, 1);
    await world.until(() => world.assembly.webhooks?.webhooks.endpoints[0]?.status.failures === 1);
    for (let second = 0; second < 119; second++) {
      world.clock.advance(1_000);
      await world.idle();
    }
    expect(endpoint.requests).toHaveLength(1);
    world.clock.advance(2_000);
    await world.until(() => endpoint.requests.length === 2);
  });

  it('is sent no more after 410, until it is resumed', async () => {
    let status = 410;
    const endpoint = await listen((_, response) => void response.writeHead(status).end());
    const { world } = await start(endpoint);
    const { webhooks } = world.assembly.webhooks ?? expect.fail('no webhooks');
    await world.gateway.publish('chat:lobby', 1);
    await until(world, endpoint, 1);
    await world.until(() => webhooks.endpoints[0]?.status.failures === 1);
    for (let at = 0; at < 50; at++) {
      world.clock.advance(10_000);
      await world.idle();
    }
    expect(endpoint.requests).toHaveLength(1);
    expect(await webhooks.list()).toMatchObject([{ name: 'crm', halt: 'gone', lag: 1 }]);
    status = 204;
    await webhooks.halt('crm', null);
    await until(world, endpoint, 2);
    await world.until(() => {
      world.clock.advance(1);
      return endpoint.open === 0;
    });
    await world.idle();
    expect(await webhooks.list()).toMatchObject([{ halt: null, lag: 0 }]);
  });

  it('reports exactly what the log has lost meanwhile', async () => {
    let isAway = true;
    const endpoint = await listen((_, response) => void response.writeHead(isAway ? 500 : 204).end());
    const { world } = await start(endpoint, { batch: 1, keep: { count: 1000, age: '1d' } });
    for (let at = 1; at <= 1_500; at++) await world.gateway.publish('chat:lobby', at);
    await world.idle();
    isAway = false;
    await world.until(() => {
      world.clock.advance(1_000);
      return typesOf(endpoint).includes('webhook.gap');
    });
    const gap = received(endpoint).find(({ type }) => type === 'webhook.gap')?.data as {
      from: { offset: number };
      to: { offset: number };
    };
    const next = await (async () => {
      const count = received(endpoint).length;
      await until(world, endpoint, count + 1);
      const at = received(endpoint).findIndex(({ type }) => type === 'webhook.gap');
      return received(endpoint)[at + 1];
    })();
    expect(gap).toMatchObject({ reason: 'retention' });
    expect(gap.to.offset).toBe(500);
    expect(next?.data).toMatchObject({ message: { data: 501 } });
  });
});

it('a webhook whose request with a gap was given up reports the gap again', async () => {
  let isAway = true;
  const endpoint = await listen((_, response) => void response.writeHead(isAway ? 500 : 204).end());
  const { world } = await start(endpoint, { batch: 1, keep: { count: 1000, age: '1d' } });
  const { webhooks } = world.assembly.webhooks ?? expect.fail('no webhooks');
  const gaps = () => received(endpoint).filter(({ type }) => type === 'webhook.gap');
  const attempt = async () => {
    const { length } = endpoint.requests;
    await webhooks.halt('crm', null);
    await world.until(() => {
      world.clock.advance(1_000);
      return endpoint.requests.length > length && endpoint.open === 0;
    });
    await webhooks.halt('crm', 'paused');
    await world.idle();
  };
  await world.gateway.publish('chat:lobby', 0);
  await attempt();
  for (let at = 1; at <= 1_500; at++) await world.gateway.publish('chat:lobby', at);
  for (let attempts = 0; attempts < 2; attempts++) await attempt();
  expect(gaps().length).toBeGreaterThan(1);
  isAway = false;
  await attempt();
  const { length } = gaps();
  expect(new Set(gaps().map(({ id }) => id)).size).toBeLessThan(length);
  await attempt();
  expect(gaps()).toHaveLength(length);
});

describe('operators', () => {
  it('can test, pause, resume and replay', async () => {
    const endpoint = await listen();
    const { world } = await start(endpoint);
    const { webhooks } = world.assembly.webhooks ?? expect.fail('no webhooks');
    await world.gateway.publish('chat:lobby', 1);
    await until(world, endpoint, 1);
    webhooks.test('crm');
    await until(world, endpoint, 2);
    expect(typesOf(endpoint)).toEqual(['message.published', 'webhook.test']);
    await webhooks.halt('crm', 'paused');
    await world.gateway.publish('chat:lobby', 2);
    for (let at = 0; at < 20; at++) {
      world.clock.advance(5_000);
      await world.idle();
    }
    expect(received(endpoint)).toHaveLength(2);
    await webhooks.halt('crm', null);
    await until(world, endpoint, 3);
    await world.idle();
    expect(await webhooks.replay('crm', 0)).toMatchObject({ events: 3 });
    await until(world, endpoint, 6);
    expect(typesOf(endpoint).slice(3)).toEqual(['message.published', 'webhook.test', 'message.published']);
  });

  it('see its lag and its last error', async () => {
    const endpoint = await listen((_, response) => void response.writeHead(500).end());
    const { world } = await start(endpoint);
    const { webhooks } = world.assembly.webhooks ?? expect.fail('no webhooks');
    await world.gateway.publish('chat:lobby', 1);
    await until(world, endpoint, 1);
    await world.until(() => webhooks.endpoints[0]?.status.failures === 1);
    expect(await webhooks.list()).toMatchObject([
      { name: 'crm', node: 'n1', lag: 1, failures: 1, lastError: { failure: 'status', message: 'answered with 500' } },
    ]);
    expect(await world.assembly.metrics.text()).toContain('sluice_webhook_lag{webhook="crm"} 1');
  });
});

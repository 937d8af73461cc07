import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { RedisEngine } from '../src/engine/redis/redis-engine.ts';
import { type RealGateway, startGateway } from './support/real-gateway.ts';
import { append, WAIT } from './support/redis-node.ts';
import { type RedisServer, startCluster, startRedis } from './support/redis-server.ts';
import { tokenFor } from './support/tokens.ts';

const API_KEY = 'a-key-of-the-tests';

const gateways: RealGateway[] = [];
afterEach(() => Promise.all(gateways.splice(0).map((gateway) => gateway.stop())));

async function start({ url }: RedisServer, more: object = {}): Promise<RealGateway> {
  const gateway = await startGateway({
    engine: 'redis',
    redis: { url, timeout: 2_000 },
    apiKeys: [{ name: 'backend', secret: API_KEY }],
    channels: {
      'chat:{room}': { allow: { '*': 'users' }, history: true, schedule: { maxDelay: '1h', max: 10 } },
      'sum:{id}': { allow: { request: 'users', respond: 'users' } },
    },
    ...more,
  });
  gateways.push(gateway);
  return gateway;
}

async function health({ url }: RealGateway) {
  const response = await fetch(`${url}/health/ready`);
  const { reason } = (await response.json()) as { reason?: string };
  return { status: response.status, reason };
}

const ready = (gateway: RealGateway) => expect.poll(async () => (await health(gateway)).status, WAIT).toBe(200);

async function publish({ url }: RealGateway) {
  const body = JSON.stringify({ channel: 'chat:lobby', data: 'hello' });
  const headers = { Authorization: `Bearer ${API_KEY}`, 'Content-Type': 'application/json' };
  const response = await fetch(`${url}/api/v1/publish`, { method: 'POST', headers, body });
  return (await response.json()) as { error?: { name: string }; offset?: number };
}

async function refusal({ url }: RealGateway) {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`, 'sluice.v1.json');
  socket.on('error', () => {}); // "unexpected-response" says more
  const [, response] = await once(socket, 'unexpected-response');
  socket.terminate();
  return response.statusCode as number;
}

describe('a gateway that starts while Redis is away', () => {
  it('waits for it, says why, and then knows what Redis knows', async () => {
    const redis = await startRedis(['--appendonly', 'yes']);
    const before = await start(redis);
    const token = await tokenFor('ada');
    await before.gateway.revoke({ user: 'ada', before: Date.now() + 5_000 });
    await redis.stop('SIGTERM');

    const gateway = await start(redis);
    expect(await health(gateway)).toMatchObject({
      status: 503,
      reason: `Redis at ${redis.url} cannot be reached: ECONNREFUSED`,
    });
    expect(await refusal(gateway)).toBe(503);
    expect(await publish(gateway)).toMatchObject({ error: { name: 'unavailable', retryable: true } });
    await expect(gateway.gateway.publish('chat:lobby', 1)).rejects.toMatchObject({ name: 'unavailable' });

    await redis.run();
    await ready(gateway);
    expect(await publish(gateway)).toMatchObject({ offset: 1 });
    const { client } = await gateway.open();
    expect(await client.request({ type: 'connect', token })).toMatchObject({ error: { name: 'token_revoked' } });

    const bob = (await gateway.connect(await tokenFor('bob'))).client;
    await bob.result({ type: 'subscribe', channel: 'chat:lobby' });
    await bob.result({ type: 'schedule', channel: 'chat:lobby', data: 'later', delay: 10 });
    await bob.wait(() => bob.received.some(({ type }) => type === 'messages'));
    gateway.gateway.respond('sum:1', () => 42);
    await ready(before);
    await expect.poll(() => before.gateway.request('sum:1', null).catch(() => undefined), WAIT).toBe(42);
  });

  it('ends while it waits', async () => {
    const redis = await startRedis();
    await redis.stop();
    const gateway = await start(redis);
    await gateway.gateway.close();
    await expect(fetch(`${gateway.url}/health/live`)).rejects.toThrow();
  });

  it('does not wait if Redis rejects its password', async () => {
    const redis = await startRedis(['--requirepass', 'hunter2']);
    const { url } = redis;
    await expect(start(redis, { redis: { url, password: 'hunter3' } })).rejects.toThrow('WRONGPASS');
    gateways.length = 0;
  });
});

describe('an engine whose start was rejected', () => {
  it.each(['server', 'cluster'] as const)('starts later: %s', async (kind) => {
    const cluster = kind === 'cluster';
    const server = cluster ? (await startCluster())[0] : await startRedis();
    if (server === undefined) throw new Error('no server was started');
    await server.stop('SIGTERM');
    const engine = new RedisEngine({ urls: [server.url], cluster, timeout: 2_000 });
    const received: string[] = [];
    const attempt = () => engine.start({ deliver: (_, __, { message }) => received.push(message.id) });
    for (let attempts = 0; attempts < 3; attempts++) await expect(attempt()).rejects.toThrow('cannot be reached');
    await server.run();
    await expect.poll(() => attempt().then(() => 'started', String), WAIT).toBe('started');
    await engine.log.watch('a');
    await append({ engine } as Parameters<typeof append>[0], 'm1');
    await expect.poll(() => received, WAIT).toEqual(['m1']);
    await engine.close();
  });

  it('does not connect again after its close', async () => {
    const server = await startRedis();
    const engine = new RedisEngine({ urls: [server.url] });
    await engine.close();
    await expect(engine.start({ deliver: () => {} })).rejects.toThrow('closed');
  });
});

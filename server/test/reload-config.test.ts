import { describe, expect, it } from 'vitest';
import { type ConfigInput, parseConfig } from '../src/config/schema.ts';
import { call, KEYS, MANAGED, startManaged } from './support/managed-gateways.ts';
import type { RealGateway } from './support/real-gateway.ts';
import { startRedis } from './support/redis-server.ts';
import { SECRET, tokenFor } from './support/tokens.ts';

const OTHER = 'another-secret-that-only-the-tests-know';
const NEW_KEY = 'an-API-key-that-was-added-later';

const parse = (more: ConfigInput) =>
  parseConfig({ ...MANAGED, host: '127.0.0.1', port: 0, log: { level: 'silent' }, ...more });
const reload = ({ gateway }: RealGateway, more: ConfigInput) => gateway.reload(parse(more));
const open = { '*': 'users' } as const;

async function connects(gateway: RealGateway, secret: string): Promise<string> {
  const { client } = await gateway.open();
  const reply = await client.request({ type: 'connect', token: await tokenFor('ada', { secret }) });
  return 'error' in reply ? reply.error.name : 'connected';
}

describe('a reload', () => {
  it('applies other keys, and closes no connection', async () => {
    const gateway = await startManaged();
    const { client } = await gateway.connect(await tokenFor('ben'));
    const { changes, restart } = await reload(gateway, { keys: [{ secret: OTHER }] });
    expect([changes, restart]).toEqual([['keys: changed'], []]);
    expect([await connects(gateway, OTHER), await connects(gateway, SECRET)]).toEqual(['connected', 'token_signature']);
    await client.result({ type: 'subscribe', channel: 'chat:a' });
  });

  it('applies other API keys', async () => {
    const gateway = await startManaged();
    await reload(gateway, { apiKeys: [{ name: 'root', secret: NEW_KEY }] });
    expect((await call(gateway, '/nodes', { bearer: KEYS.root })).status).toBe(401);
    expect((await call(gateway, '/nodes', { bearer: NEW_KEY })).status).toBe(200);
  });

  it('makes tickets invalid that were sealed with other secrets', async () => {
    const gateway = await startManaged();
    const body = { channels: ['news:a'] };
    const { json } = await call(gateway, '/tickets', { body, bearer: await tokenFor('ada') });
    await reload(gateway, { keys: [{ secret: OTHER }] });
    const response = await fetch(`${gateway.url}/sse?channel=news:a&ticket=${json.ticket}`);
    expect(response.status).toBe(401);
  });

  it('applies limits to what clients do next', async () => {
    const gateway = await startManaged();
    const { client } = await gateway.connect(await tokenFor('ada'));
    await client.result({ type: 'subscribe', channel: 'chat:a' });
    const limits = { subscriptions: 1, connectionsPerUser: 1, connectionRate: 1 };
    expect((await reload(gateway, { limits })).changes).toEqual([
      'limits.subscriptions: 1000 → 1',
      'limits.connectionsPerUser: 100 → 1',
      'limits.connectionRate: 0 → 1',
    ]);
    expect(await client.request({ type: 'subscribe', channel: 'chat:b' })).toMatchObject({
      error: { name: 'too_many_subscriptions' },
    });
    expect(await connects(gateway, SECRET)).toBe('too_many_connections');
    await expect(gateway.open()).rejects.toThrow('503');
  });

  it('names what needs a restart, and does not apply it', async () => {
    const gateway = await startManaged();
    const report = await reload(gateway, { heartbeat: '1s', limits: { maxFrame: '64KiB' } });
    expect(report).toEqual({ changes: [], restart: ['heartbeat', 'limits.maxFrame'] });
    const { client } = await gateway.open();
    const result = await client.result({ type: 'connect', token: await tokenFor('ada') });
    expect(result).toMatchObject({ heartbeat: 25_000, maxFrame: 131_072 });
  });

  it('ends subscriptions that the new rules forbid', async () => {
    const gateway = await startManaged();
    const { client } = await gateway.connect(await tokenFor('ada'));
    await client.result({ type: 'subscribe', channel: 'chat:a' });
    await reload(gateway, { channels: { 'chat:{room}': { allow: { publish: 'users' } } } });
    await client.wait(() => client.received.some(({ type }) => type === 'unsubscribed'));
  });
});

describe('POST /api/v1/reload', () => {
  const post = (gateway: RealGateway, bearer = KEYS.root) => call(gateway, '/reload', { method: 'POST', bearer });

  it('reloads all nodes, and reports a mistake by node: there nothing has changed', async () => {
    const { url } = await startRedis();
    const redis = { engine: 'redis', redis: { url } } as const;
    const [one, two] = [await startManaged({ ...redis, node: 'one' }), await startManaged({ ...redis, node: 'two' })];
    const channels = { extra: { allow: open } };
    one.gateway.reloadFrom(async () => parse({ ...redis, channels }));
    two.gateway.reloadFrom(async () => parse({ ...redis, channels: { extra: { slow: 'never' } } as never }));
    const { status, json } = await post(one);
    expect([status, json.error]).toMatchObject([
      422,
      {
        name: 'command_invalid',
        message: expect.stringMatching(
          /1 of 2 nodes have reloaded\. Nothing has changed on two: .*channels\.extra\.slow/s,
        ),
        remedy: 'Correct the configuration of these nodes, and reload again.',
        docs: expect.stringContaining('#command_invalid'),
      },
    ]);
    expect(json.nodes).toMatchObject([
      { node: 'one', ok: true, changes: ['channels: added "extra"', expect.any(String)], restart: expect.any(Array) },
      { node: 'two', ok: false, problem: expect.stringContaining('channels.extra.slow') },
    ]);
    const ada = (gateway: RealGateway) => tokenFor('ada').then((token) => gateway.connect(token));
    await (await ada(one)).client.result({ type: 'subscribe', channel: 'extra' });
    await (await ada(two)).client.result({ type: 'subscribe', channel: 'chat:a' });
    two.gateway.reloadFrom(async () => parse({ ...redis, channels }));
    expect((await post(one)).status).toBe(200);
    await (await ada(two)).client.result({ type: 'subscribe', channel: 'extra' });
  });

  it('needs an API key without "caps", and a configuration to read', async () => {
    const gateway = await startManaged();
    expect((await post(gateway, KEYS.chats)).json).toMatchObject({ error: { name: 'permission_denied' } });
    expect(await post(gateway)).toMatchObject({ status: 422, json: { nodes: [{ ok: false }] } });
  });
});

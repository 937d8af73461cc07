import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { ConfigInput } from '../src/config/config.ts';
import { call, KEYS, startManaged, startTwo } from './support/managed-gateways.ts';
import type { RealGateway } from './support/real-gateway.ts';
import { startRedis } from './support/redis-server.ts';
import { type TokenOptions, tokenFor } from './support/tokens.ts';

const CHANNELS: ConfigInput = {
  channels: {
    'chat:{room}': { allow: { '*': 'users' }, history: true },
    'order:{id}': { history: true }, // allowed to nobody
    'team:{id}': { allow: { subscribe: 'users' }, history: true, only: { tags: { team: 'claim:team' } } },
  },
};

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

async function connect(gateway: RealGateway, user: string, options: TokenOptions = {}) {
  const { client } = await gateway.open();
  const { connection } = await client.result({ type: 'connect', token: await tokenFor(user, options) });
  return { client, id: String(connection) };
}

const subscribe = (gateway: RealGateway, user: string, body: object) =>
  call(gateway, `/users/${user}/subscribe`, { body });

const publish = (gateway: RealGateway, channel: string, data: unknown) =>
  call(gateway, '/publish', { body: { channel, data } });

type Client = Awaited<ReturnType<typeof connect>>['client'];

const dataOf = (client: Client): unknown[] =>
  client.received.flatMap((push) => (push.type === 'messages' ? push.messages.map(({ data }) => data) : []));

/** Waits for messages, in their order. */
async function receives(client: Client, ...data: unknown[]): Promise<void> {
  await client.wait(() => dataOf(client).length >= data.length);
  expect(dataOf(client)).toEqual(data);
}

describe('POST /api/v1/users/{user}/subscribe', () => {
  it('subscribes the connections of the user on all nodes, whatever the rule allows', async () => {
    const { one, two } = await startTwo();
    const [first, second, other] = [await connect(one, 'ada'), await connect(two, 'ada'), await connect(one, 'ben')];
    const spared = await connect(two, 'ada');
    const body = { channel: 'news:a', except: spared.id };
    expect(await subscribe(one, 'ada', body)).toEqual({ status: 200, json: { connections: 2 } });
    for (const { client } of [first, second]) {
      const { subscriptions } = await client.push('subscribed');
      expect(subscriptions).toEqual([{ channel: 'news:a', epoch: expect.any(String), offset: 0, state: 'live' }]);
    }
    await publish(one, 'news:a', 1);
    await publish(two, 'news:a', 2);
    await receives(first.client, 1);
    await receives(second.client, 2);
    expect(await subscribe(two, 'ada', body)).toEqual({ status: 200, json: { connections: 0 } });
    await other.client.result({ type: 'ping' });
    expect(other.client.received.filter(({ type }) => type === 'subscribed')).toEqual([]);
  });

  it('starts where it is told to, after the push that announces it', async () => {
    const gateway = await startManaged(CHANNELS);
    for (const data of [1, 2, 3]) await publish(gateway, 'order:7', data);
    const { client } = await connect(gateway, 'ada');
    await subscribe(gateway, 'ada', { channel: 'order:7', rewind: 2 });
    await receives(client, 2, 3);
    const types = client.received.map(({ type }) => type).filter((type) => type !== 'reply');
    expect(types[0]).toBe('subscribed');
    expect((await client.push('subscribed')).subscriptions[0]).toMatchObject({ offset: 1, state: 'replaying' });
  });

  it('is taken over by a subscribe of the client, from its position', async () => {
    const gateway = await startManaged(CHANNELS);
    const { client } = await connect(gateway, 'ada');
    await expect(client.result({ type: 'subscribe', channel: 'order:7' })).rejects.toThrow(/permission_denied/);
    await subscribe(gateway, 'ada', { channel: 'order:7' });
    const { subscriptions } = await client.push('subscribed');
    await publish(gateway, 'order:7', 1);
    await receives(client, 1);
    const [{ epoch, offset } = { epoch: '', offset: 0 }] = subscriptions;
    client.received.length = 0;
    expect(await client.result({ type: 'subscribe', channel: 'order:7', position: { epoch, offset } })).toMatchObject({
      offset: 0,
    });
    await receives(client, 1);
    await publish(gateway, 'order:7', 2);
    await receives(client, 1, 2);
    expect((await call(gateway, '/channels/order:7')).json.subscribers).toBe(1);
  });

  it('leaves a subscription of the client alone', async () => {
    const gateway = await startManaged(CHANNELS);
    const { client } = await connect(gateway, 'ada');
    await client.result({ type: 'subscribe', channel: 'chat:a' });
    expect((await subscribe(gateway, 'ada', { channel: 'chat:a' })).json).toEqual({ connections: 0 });
    await publish(gateway, 'chat:a', 1);
    await receives(client, 1);
    expect(client.received.filter(({ type }) => type === 'subscribed')).toEqual([]);
  });

  it('survives a new token and a recheck, until the backend ends it with a reason', async () => {
    const gateway = await startManaged(CHANNELS);
    const { client } = await connect(gateway, 'ada', { claims: { role: 'a' } });
    await subscribe(gateway, 'ada', { channel: 'order:7' });
    await client.result({ type: 'refresh', token: await tokenFor('ada', { claims: { role: 'b' } }) });
    expect((await call(gateway, '/users/ada/recheck', { method: 'POST' })).json).toEqual({ connections: 1, ended: 0 });
    await publish(gateway, 'order:7', 1);
    await receives(client, 1);
    const body = { pattern: 'order:*', reason: 'The order is closed.' };
    expect((await call(gateway, '/users/ada/unsubscribe', { body })).json).toEqual({ connections: 1, ended: 1 });
    expect(await client.push('unsubscribed')).toEqual({
      type: 'unsubscribed',
      channel: 'order:7',
      reason: 'removed',
      message: 'The order is closed.',
    });
    await expect(client.result({ type: 'subscribe', channel: 'order:7' })).rejects.toThrow(/permission_denied/);
  });

  it('stays the right of a connection that an end leaves alone', async () => {
    const gateway = await startManaged(CHANNELS);
    const kept = await connect(gateway, 'ada');
    const ended = await connect(gateway, 'ada');
    await subscribe(gateway, 'ada', { channel: 'order:7' });
    await kept.client.push('subscribed');
    const body = { except: kept.id };
    expect((await call(gateway, '/users/ada/unsubscribe', { body })).json).toEqual({ connections: 1, ended: 1 });
    await ended.client.push('unsubscribed');
    await kept.client.result({ type: 'unsubscribe', channel: 'order:7' });
    await kept.client.result({ type: 'subscribe', channel: 'order:7' });
    await expect(ended.client.result({ type: 'subscribe', channel: 'order:7' })).rejects.toThrow(/permission_denied/);
  });

  it('lets the client leave, and come back', async () => {
    const gateway = await startManaged(CHANNELS);
    const { client } = await connect(gateway, 'ada');
    await subscribe(gateway, 'ada', { channel: 'order:7' });
    await client.push('subscribed');
    await client.result({ type: 'unsubscribe', channel: 'order:7' });
    expect((await call(gateway, '/users/ada')).json.channels).toEqual([]);
    await client.result({ type: 'subscribe', channel: 'order:7' });
  });

  it('does not overrule a denial of the token, nor a filter of the rule, nor a limit', async () => {
    const gateway = await startManaged({ ...CHANNELS, limits: { subscriptions: 1 } });
    await connect(gateway, 'ada', { caps: { 'order:*': ['!subscribe'] } });
    expect((await subscribe(gateway, 'ada', { channel: 'order:7' })).json).toEqual({ connections: 0, refused: 1 });
    await connect(gateway, 'ben');
    expect((await subscribe(gateway, 'ben', { channel: 'team:7' })).json).toEqual({ connections: 0, refused: 1 });
    await connect(gateway, 'cy');
    expect((await subscribe(gateway, 'cy', { channel: 'order:1' })).json).toEqual({ connections: 1 });
    expect((await subscribe(gateway, 'cy', { channel: 'order:2' })).json).toEqual({ connections: 0, refused: 1 });
  });

  it('does not ask hooks when the client takes it over', async () => {
    const gateway = await startManaged({
      ...CHANNELS,
      hooks: { none: { subscribe: () => ({ allow: false, message: 'No.' }) } },
    });
    const { client } = await connect(gateway, 'ada');
    await expect(client.result({ type: 'subscribe', channel: 'chat:a' })).rejects.toThrow(/No\./);
    await subscribe(gateway, 'ada', { channel: 'chat:a' });
    await client.result({ type: 'subscribe', channel: 'chat:a' });
    await expect(client.result({ type: 'subscribe', channel: 'chat:b' })).rejects.toThrow(/No\./);
  });

  it.each<[object, string]>([
    [{}, 'command_invalid'],
    [{ channel: 7 }, 'command_invalid'],
    [{ channel: 'chat:*' }, 'channel_invalid'],
    [{ channel: 'nothing:here' }, 'channel_unknown'],
    [{ channel: 'chat:a', rewind: -1 }, 'command_invalid'],
    [{ channel: 'chat:a', rewind: 1, since: 1 }, 'command_invalid'],
    [{ channel: 'chat:a', position: { offset: 1 } }, 'command_invalid'],
    [{ channel: 'chat:a', except: 7 }, 'command_invalid'],
    [{ channel: 'chat:a', user: 'ada' }, 'command_invalid'],
  ])('refuses %j', async (body, error) => {
    const { status, json } = await subscribe(await startManaged(), 'ada', body);
    expect([status, json.error.name]).toEqual([error === 'channel_unknown' ? 404 : 400, error]);
  });

  it('needs "manage" on the channel', async () => {
    const gateway = await startManaged();
    const asked = (bearer: string, channel: string) =>
      call(gateway, '/users/ada/subscribe', { body: { channel }, bearer });
    expect((await asked(KEYS.chats, 'chat:a')).status).toBe(200);
    expect((await asked(KEYS.chats, 'news:a')).status).toBe(403);
    expect((await asked(KEYS.reader, 'chat:a')).status).toBe(403);
  });
});

describe('a subscription of the backend', () => {
  it('works on the durable engine', async () => {
    const data = mkdtempSync(join(tmpdir(), 'sluice-'));
    folders.push(data);
    const gateway = await startManaged({ ...CHANNELS, engine: 'durable', durable: { data } });
    const { client } = await connect(gateway, 'ada');
    await publish(gateway, 'order:7', 1);
    await subscribe(gateway, 'ada', { channel: 'order:7', rewind: 1 });
    await publish(gateway, 'order:7', 2);
    await receives(client, 1, 2);
  });

  it('works on two nodes with Redis', async () => {
    const { url } = await startRedis();
    const redis = { ...CHANNELS, engine: 'redis', redis: { url } } as const;
    const [one, two] = [await startManaged({ ...redis, node: 'one' }), await startManaged({ ...redis, node: 'two' })];
    const [first, second] = [await connect(one, 'ada'), await connect(two, 'ada')];
    await publish(one, 'order:7', 1);
    expect((await subscribe(one, 'ada', { channel: 'order:7', rewind: 1 })).json).toEqual({ connections: 2 });
    await publish(two, 'order:7', 2);
    for (const { client } of [first, second]) await receives(client, 1, 2);
  });
});

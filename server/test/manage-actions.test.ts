import { type ClientState, createClient } from '@sluice/client';
import { describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import type { Events } from '../src/events.ts';
import { call, KEYS, startManaged, startTwo } from './support/managed-gateways.ts';
import type { RealGateway } from './support/real-gateway.ts';
import { tokenFor } from './support/tokens.ts';

const WAIT = { timeout: 60_000 };

async function connect(gateway: RealGateway, user: string, ...channels: string[]) {
  const { client } = await gateway.open();
  const { connection } = await client.result({ type: 'connect', token: await tokenFor(user) });
  for (const channel of channels) await client.result({ type: 'subscribe', channel });
  return { client, id: String(connection) };
}

describe('POST /api/v1/users/{user}/disconnect', () => {
  it("closes the user's connections on all nodes, with a named reason", async () => {
    const { one, two } = await startTwo();
    const [first, second] = [await connect(one, 'ada'), await connect(two, 'ada')];
    const other = await connect(two, 'ben');
    const audited: Events['managed'][] = [];
    one.services.events.on('managed', (event) => audited.push(event));
    const { status, json } = await call(one, '/users/ada/disconnect', { body: { reason: 'Signed out elsewhere.' } });
    expect([status, json]).toEqual([200, { connections: 2 }]);
    for (const { client } of [first, second]) {
      const { code, reason } = await client.ended();
      expect([code, reason]).toEqual([4212, expect.stringMatching(/^disconnected: Signed out elsewhere\./)]);
    }
    expect(audited).toEqual([
      { action: 'disconnect', target: 'ada', by: 'root', connections: 2, reason: 'Signed out elsewhere.' },
    ]);
    expect((await call(one, '/users/ben')).json.online).toBe(true);
    await other.client.result({ type: 'ping' });
  });

  it('spares the named connections, and those without the channels of the pattern', async () => {
    const { one, two } = await startTwo();
    const kept = await connect(one, 'ada', 'chat:a');
    const closed = await connect(two, 'ada', 'chat:a');
    const elsewhere = await connect(two, 'ada', 'news:a');
    const body = { except: kept.id, pattern: 'chat:*', reconnect: true };
    const { json } = await call(one, '/users/ada/disconnect', { body, bearer: KEYS.chats });
    expect(json).toEqual({ connections: 1 });
    expect((await closed.client.ended()).code).toBe(4010);
    for (const { client } of [kept, elsewhere]) await client.result({ type: 'ping' });
  });

  it('tells the SDK whether to come back', async () => {
    const gateway = await startManaged();
    const client = createClient({
      url: `${gateway.url.replace('http', 'ws')}/ws`,
      WebSocket,
      token: () => tokenFor('ada'),
    });
    const states: ClientState[] = [];
    const errors: (string | undefined)[] = [];
    client.on('state', ({ state, error }) => {
      states.push(state);
      errors.push(error?.name);
    });
    try {
      await client.connect();
      const before = states.length;
      await call(gateway, '/users/ada/disconnect', { body: { reconnect: true } });
      await expect.poll(() => states.slice(before), WAIT).toContain('connected');
      await call(gateway, '/users/ada/disconnect', { body: {} });
      await expect.poll(() => client.state, WAIT).toBe('closed');
      expect(errors.at(-1)).toBe('disconnected');
    } finally {
      client.close();
    }
  });

  it('reports that a node has not answered', async () => {
    const { one, nodes } = await startTwo();
    await call(one, '/nodes');
    nodes.deaf = true;
    const { status, json } = await call(one, '/users/ada/disconnect', { method: 'POST' });
    expect([status, json]).toEqual([200, { connections: 0, missing: ['two'] }]);
  });

  it.each<[unknown, string]>([
    [[], 'command_invalid'],
    [{ user: 'ada' }, 'command_invalid'],
    [{ reason: '' }, 'command_invalid'],
    [{ reason: 'x'.repeat(201) }, 'command_invalid'],
    [{ reconnect: 'yes' }, 'command_invalid'],
    [{ except: [1] }, 'command_invalid'],
    [{ pattern: 'chat:{room}' }, 'channel_invalid'],
  ])('refuses %j', async (body, error) => {
    const { status, json } = await call(await startManaged(), '/users/ada/disconnect', { body });
    expect([status, json.error.name]).toEqual([400, error]);
  });

  it('needs "manage" on the pattern', async () => {
    const gateway = await startManaged();
    const { client } = await connect(gateway, 'ada', 'chat:a');
    for (const [body, bearer] of [
      [{}, KEYS.chats],
      [{ pattern: 'chat:**' }, KEYS.chats],
      [{ pattern: 'chat:*' }, KEYS.reader],
    ] as const) {
      const { status, json } = await call(gateway, '/users/ada/disconnect', { body, bearer });
      expect([status, json.error.name]).toEqual([403, 'permission_denied']);
    }
    await client.result({ type: 'ping' });
  });
});

describe('POST /api/v1/users/{user}/unsubscribe', () => {
  it('ends what the user holds on the channels, on all nodes, and notifies the clients', async () => {
    const { one, two } = await startTwo();
    const first = await connect(one, 'ada', 'chat:a', 'news:a');
    const second = await connect(two, 'ada', 'chat:a', 'chat:b');
    await second.client.result({ type: 'enter', channel: 'chat:a' });
    await second.client.result({ type: 'watch', channel: 'chat:a' });
    const { json } = await call(one, '/users/ada/unsubscribe', { body: { pattern: 'chat:a' }, bearer: KEYS.chats });
    expect(json).toEqual({ connections: 2, ended: 4 });
    const reason = 'removed';
    await first.client.wait(() => first.client.received.some(({ type }) => type === 'unsubscribed'));
    expect(first.client.received).toContainEqual({ type: 'unsubscribed', channel: 'chat:a', reason });
    await second.client.wait(() => second.client.received.some(({ type }) => type === 'left'));
    for (const type of ['unsubscribed', 'unwatched', 'left'] as const) {
      expect(second.client.received).toContainEqual({ type, channel: 'chat:a', reason });
    }
    expect((await call(two, '/users/ada')).json.channels).toEqual(['chat:b', 'news:a']);
    await first.client.result({ type: 'subscribe', channel: 'chat:a' }); // it is still allowed
  });
});

it('an unsubscribe leaves open requests alone', async () => {
  const allow = { '*': 'users', request: 'users', respond: 'users' } as const;
  const gateway = await startManaged({ channels: { 'chat:{room}': { allow } } });
  const [ada, ben] = [await connect(gateway, 'ada'), await connect(gateway, 'ben')];
  await ben.client.result({ type: 'respond', channel: 'chat:a' });
  ada.client.send({ type: 'request', channel: 'chat:a', data: 1 });
  await ben.client.wait(({ type }) => type === 'requests');
  expect((await call(gateway, '/users/ada/unsubscribe', { method: 'POST' })).json).toEqual({
    connections: 0,
    ended: 0,
  });
});

describe('POST /api/v1/users/{user}/recheck', () => {
  it('ends what functions of the rules no longer allow', async () => {
    const allowed = new Set(['chat:a', 'chat:b']);
    const gateway = await startManaged({
      channels: { 'chat:{room}': { allow: { subscribe: async ({ channel }) => allowed.has(channel) } } },
    });
    const { client } = await connect(gateway, 'ada', 'chat:a', 'chat:b');
    expect((await call(gateway, '/users/ada/recheck', { method: 'POST' })).json).toEqual({ connections: 1, ended: 0 });
    allowed.clear();
    const { json } = await call(gateway, '/users/ada/recheck', { body: { pattern: 'chat:b' } });
    expect(json).toEqual({ connections: 1, ended: 1 });
    await client.wait(() => client.received.some(({ type }) => type === 'unsubscribed'));
    expect(await client.push('unsubscribed')).toEqual({
      ...{ type: 'unsubscribed', channel: 'chat:b', reason: 'permission' },
      message: expect.stringContaining('the rule "chat:{room}" allows it to (a function)'),
    });
    expect((await call(gateway, '/users/ada')).json.channels).toEqual(['chat:a']);
  });
});

describe('DELETE /api/v1/connections/{connection}', () => {
  it('closes one connection, wherever it is', async () => {
    const { one, two } = await startTwo();
    const [closed, kept] = [await connect(two, 'ada'), await connect(two, 'ada')];
    const path = `/connections/${closed.id}?reason=Too%20old.`;
    expect((await call(one, path, { method: 'DELETE' })).json).toEqual({ connections: 1 });
    const { code, reason } = await closed.client.ended();
    expect([code, reason]).toEqual([4212, expect.stringMatching(/^disconnected: Too old\./)]);
    const { status, json } = await call(one, path, { method: 'DELETE' });
    expect([status, json.error.name]).toEqual([404, 'not_found']);
    await kept.client.result({ type: 'ping' });
    expect((await call(one, `${path}&now=true`, { method: 'DELETE' })).status).toBe(400);
    expect((await call(one, path, { method: 'DELETE', bearer: KEYS.chats })).status).toBe(403);
  });
});

import { describe, expect, it } from 'vitest';
import { parseConfig } from '../src/config/schema.ts';
import { call, KEYS, MANAGED, startManaged, startTwo } from './support/managed-gateways.ts';
import { tokenFor } from './support/tokens.ts';

const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);

const PUT = { method: 'PUT' } as const;
const DELETE = { method: 'DELETE' } as const;

describe('PUT and DELETE /api/v1/channels/{channel}/members/{user}', () => {
  it('enter and remove a member that has no connection', async () => {
    const gateway = await startManaged();
    const { client } = await gateway.connect(await tokenFor('ada'));
    await client.result({ type: 'watch', channel: 'chat:a' });
    const member = { user: 'a bot', info: { name: 'Bot' }, state: { mood: 'busy' }, connections: 1 };
    const { user, connections: _, ...body } = member;
    const path = `/channels/chat:a/members/${encodeURIComponent(user)}`;
    expect(await call(gateway, path, { ...PUT, body, bearer: KEYS.chats })).toEqual({ status: 200, json: {} });
    expect((await call(gateway, '/channels/chat:a/members')).json).toMatchObject({ total: 1, members: [member] });
    await call(gateway, path, { ...PUT, body: { state: 'idle' } });
    await call(gateway, '/channels/chat:a/members/other', PUT);
    await expect.poll(async () => (await call(gateway, '/channels/chat:a')).json.members).toBe(2);
    const { json } = await call(gateway, '/channels/chat:a/members');
    expect(json.members[0]).toMatchObject({ user, info: { name: 'Bot' }, state: 'idle', connections: 1 });
    expect((await call(gateway, path, DELETE)).json).toEqual({});
    expect(await call(gateway, path, DELETE)).toMatchObject({ status: 404, json: { error: { name: 'not_member' } } });
    await client.wait((message) => message.type === 'presence' && message.total === 1);
  });

  it('work through any node', async () => {
    const { one, two } = await startTwo();
    await call(two, '/channels/chat:a/members/bot', PUT);
    expect((await call(two, '/channels/chat:a')).json.members).toBe(1);
    expect((await call(one, '/channels/chat:a/members/bot', DELETE)).status).toBe(200);
    expect((await call(two, '/channels/chat:a')).json.members).toBe(0);
  });

  it.each<[string, unknown, number, string]>([
    ['unknown', {}, 404, 'channel_unknown'],
    ['chat:*', {}, 400, 'channel_invalid'],
    ['chat:a', { data: 1 }, 400, 'command_invalid'],
    ['chat:a', { state: 'x'.repeat(2_000) }, 413, 'payload_too_large'],
    ['chat:a', { info: 'x'.repeat(2_000) }, 413, 'payload_too_large'],
    ['chat:a', { info: nested(100) }, 422, 'payload_invalid'],
    ['chat:a', { info: { id: 2 ** 53 } }, 422, 'payload_invalid'],
    ['chat:a', { info: JSON.parse('{"__proto__":1}') }, 422, 'payload_invalid'],
    ['chat:a', { state: nested(100) }, 422, 'payload_invalid'],
  ])('refuse %s %j', async (channel, body, status, error) => {
    const { status: got, json } = await call(await startManaged(), `/channels/${channel}/members/bot`, {
      ...PUT,
      body,
    });
    expect([got, json.error.name]).toEqual([status, error]);
  });

  it.each([
    ['PUT', 'x'.repeat(201), 400, 'command_invalid'],
    ['PUT', 'a%0Ab', 400, 'command_invalid'],
    ['DELETE', 'a%0Ab', 400, 'command_invalid'],
    ['DELETE', 'nobody', 404, 'not_member'],
  ])('refuse to %s "%s"', async (method, user, status, error) => {
    const { status: got, json } = await call(await startManaged(), `/channels/chat:a/members/${user}`, { method });
    expect([got, json.error.name]).toEqual([status, error]);
  });

  it('need "manage" on the channel', async () => {
    const gateway = await startManaged();
    for (const method of ['PUT', 'DELETE']) {
      const { status } = await call(gateway, '/channels/chat:a/members/bot', { method, bearer: KEYS.reader });
      expect(status).toBe(403);
    }
  });
});

describe('GET /api/v1/config', () => {
  it('shows the configuration in force, without secrets', async () => {
    const gateway = await startManaged();
    const { status, json } = await call(gateway, '/config');
    expect(status).toBe(200);
    expect(json).toMatchObject({ engine: 'memory', apiKeys: [{ name: 'root' }, { name: 'chats' }, {}], limits: {} });
    expect(Object.keys(json.channels)).toEqual(expect.arrayContaining(['chat:{room}', 'news:{topic}']));
    const text = JSON.stringify(json);
    for (const secret of Object.values(KEYS)) expect(text).not.toContain(secret);
    expect((await call(gateway, '/config', { bearer: KEYS.chats })).status).toBe(403);
    await gateway.gateway.reload(parseConfig({ ...MANAGED, channels: { 'later:{id}': {} } }));
    expect(Object.keys((await call(gateway, '/config')).json.channels)).toEqual(['later:{id}']);
  });
});

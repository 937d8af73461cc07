import { describe, expect, it } from 'vitest';
import type { FunctionHookInput } from '../src/config/hook-options.ts';
import type { HookCall } from '../src/index.ts';
import { tokenFor } from './support/tokens.ts';
import { createWorld } from './support/world.ts';

const KEY = 'an-API-key-that-only-tests-know';
const CHANNELS = {
  'chat:{room}': { allow: { '*': 'users', request: 'users', respond: 'users' }, history: true, schedule: {} },
} as const;
const message = { channel: 'chat:a', data: 1 };

/** A gateway whose hook `connect` answers like this. */
async function start(connect: FunctionHookInput['connect'], options: Partial<FunctionHookInput> = {}) {
  const calls: HookCall[] = [];
  const record = (call: HookCall) => {
    calls.push(call);
    return true;
  };
  const app: FunctionHookInput = {
    connect: (call) => {
      calls.push(call);
      return connect?.(call) ?? true;
    },
    ...{ publish: record, request: record, subscribe: record },
    ...options,
  };
  const world = await createWorld({ channels: CHANNELS, hooks: { app }, apiKeys: [{ name: 'root', secret: KEY }] });
  const token = await tokenFor('ada', { clock: () => world.clock.now(), caps: { '**': ['manage'] } });
  const send = async (method: string, path: string, body?: unknown, bearer = token) => {
    const [route = '', query = ''] = path.split('?');
    const headers = { authorization: `Bearer ${bearer}` };
    const reply = await world.transport.request({
      method,
      path: route,
      query,
      headers,
      ...(body !== undefined && { body }),
    });
    return {
      status: reply.status,
      error: reply.status < 400 ? undefined : JSON.parse(String(reply.body)).error,
      reply,
    };
  };
  return { world, calls, token, send };
}

describe('the hook connect over HTTP', () => {
  it.each<[string, string, unknown]>([
    ['POST', '/api/v1/publish', message],
    ['POST', '/api/v1/publish', [message]],
    ['POST', '/api/v1/schedule', { ...message, delay: 1_000 }],
    ['POST', '/api/v1/request', message],
    ['POST', '/api/v1/tickets', { channels: ['chat:a'] }],
    ['GET', '/api/v1/nodes', undefined],
    ['GET', '/api/v1/why?user=ada&channel=chat:a&offset=1', undefined],
    ['GET', '/sse?channel=chat:a', undefined],
  ])('refuses %s %s to a user whom it denies', async (method, path, body) => {
    const { send, calls } = await start(() => ({ allow: false, message: 'You are suspended.' }));
    const { status, error } = await send(method, path, body);
    expect([status, error]).toEqual([
      403,
      expect.objectContaining({ name: 'connect_denied', message: 'You are suspended.' }),
    ]);
    expect(calls).toMatchObject([{ hook: 'connect', user: 'ada' }]);
  });

  it('gives the hooks that follow what it has added', async () => {
    const { send, calls } = await start(() => ({ allow: true, meta: { plan: 'free' }, info: { name: 'Ada' } }));
    expect((await send('POST', '/api/v1/publish', message)).status).toBe(200);
    await send('POST', '/api/v1/request', message);
    const decided = calls.filter(({ hook }) => hook !== 'connect');
    expect(decided).toMatchObject([
      { hook: 'publish', meta: { plan: 'free' } },
      { hook: 'request', meta: { plan: 'free' } },
    ]);
    expect(calls[0]).not.toHaveProperty('connection');
  });

  it('is asked once while its answer is remembered, together with connections', async () => {
    const { world, token, send, calls } = await start(() => true, { ttl: '1m' });
    await world.connect(token);
    for (const _ of [1, 2]) expect((await send('POST', '/api/v1/publish', message)).status).toBe(200);
    expect(calls.filter(({ hook }) => hook === 'connect')).toHaveLength(1);
    world.clock.advance(60_001);
    await send('POST', '/api/v1/publish', message);
    expect(calls.filter(({ hook }) => hook === 'connect')).toHaveLength(2);
  });

  it('decides anew when a ticket is redeemed', async () => {
    let allow = true;
    const { send } = await start(() => ({ allow }));
    const { reply } = await send('POST', '/api/v1/tickets', { channels: ['chat:a'] });
    const { ticket } = JSON.parse(String(reply.body));
    allow = false;
    expect((await send('GET', `/sse?channel=chat:a&ticket=${ticket}`)).error).toMatchObject({ name: 'connect_denied' });
  });

  it('refuses with "unavailable" if it fails', async () => {
    const { send } = await start(() => {
      throw new Error('no database');
    });
    expect(await send('POST', '/api/v1/publish', message)).toMatchObject({
      status: 503,
      error: { name: 'unavailable' },
    });
  });

  it('is asked about neither API keys nor invalid tokens', async () => {
    const { send, calls } = await start(() => false);
    expect((await send('POST', '/api/v1/publish', message, KEY)).status).toBe(200);
    expect((await send('POST', '/api/v1/publish', message, 'not.a.token')).status).toBe(401);
    expect(calls).toEqual([]);
  });

  it('is not asked about the token of an explanation', async () => {
    const { send, calls, token } = await start(() => false);
    const { reply } = await send('POST', '/api/v1/explain', { channel: 'chat:a', verb: 'publish', token }, KEY);
    expect(JSON.parse(String(reply.body))).toMatchObject({
      allowed: true,
      hooks: [
        { name: 'app', operation: 'connect' },
        { name: 'app', operation: 'publish' },
      ],
    });
    expect(calls).toEqual([]);
  });
});

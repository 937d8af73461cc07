import { describe, expect, it } from 'vitest';
import { createWorld, type World } from './support/world.ts';

const SECRET = 'an-API-key-that-only-tests-know';
const CONFIG = {
  channels: {
    'chat:{room}': { history: true, schedule: {}, presence: {}, groups: { billing: {} } },
  },
  schedules: {},
  apiKeys: [{ name: 'backend', secret: SECRET }],
} as const;

/** Routes that anybody may read, perhaps through a cache or a probe that adds options. */
const PUBLIC = ['/api/v1/openapi.json', '/api/v1/webhooks/keys'];

interface Answer {
  readonly status: number;
  readonly body: { readonly error?: { readonly name: string; readonly message: string } };
}

async function ask(world: World, method: string, path: string, more: object = {}): Promise<Answer> {
  const headers = { authorization: `Bearer ${SECRET}` };
  const { status, body } = await world.transport.request({ method, path, headers, ...more });
  return { status, body: JSON.parse(String(body)) as Answer['body'] };
}

const fill = (path: string): string => path.replace('{channel}', 'chat:lobby').replaceAll(/\{\w+\}/g, 'billing');

async function routesOf(world: World): Promise<readonly (readonly [method: string, path: string])[]> {
  const { body } = await ask(world, 'GET', '/api/v1/openapi.json');
  const { paths } = body as unknown as { readonly paths: Readonly<Record<string, object>> };
  return Object.entries(paths)
    .filter(([path]) => path.startsWith('/api/') && !PUBLIC.includes(path))
    .flatMap(([path, methods]) => Object.keys(methods).map((method) => [method.toUpperCase(), path] as const));
}

describe('the HTTP API', () => {
  it('refuses an option or a field that a route does not know', async () => {
    const world = await createWorld(CONFIG);
    const routes = await routesOf(world);
    expect(routes.length).toBeGreaterThan(40);
    const accepted: string[] = [];
    for (const [method, path] of routes) {
      const isRead = method === 'GET' || method === 'DELETE';
      const answer = await ask(world, method, fill(path), isRead ? { query: 'strange=1' } : { body: { strange: 1 } });
      const isRefused = answer.status === 400 && answer.body.error?.message.includes('"strange"') === true;
      if (!isRefused)
        accepted.push(`${method} ${path}: ${answer.status} ${answer.body.error?.message.slice(0, 100) ?? ''}`);
    }
    expect(accepted).toEqual([]);
  });

  it.each([
    [
      'schedule',
      { channel: 'chat:a', data: 1, delay: 1, evnt: 'x' },
      'a message has no field "evnt". Its fields are channel',
    ],
    ['schedule', { channel: 'chat:a', data: 1, delay: 1, TTL: 5 }, 'a message has no field "TTL"; did you mean "ttl"?'],
    ['schedule', { channel: 'chat:a', data: 1, delay: 1, name: 'x' }, 'did you mean "event"?'],
    ['schedule', { channels: ['chat:a'], data: 1, delay: 1 }, 'a message has no field "channels"'],
    ['schedule', [1], 'the body must be an object { channel, data'],
    [
      'unschedule',
      { channel: 'chat:a', message: 'x', id: 1 },
      'a message has no field "id". Its fields are channel, message',
    ],
    ['explain', { channel: 'chat:a', verb: 'publish', identity: { usr: 'ada' } }, 'unknown field "identity.usr"'],
  ])('refuses the body of %s with %j', async (route, body, message) => {
    const world = await createWorld(CONFIG);
    expect(await ask(world, 'POST', `/api/v1/${route}`, { body })).toMatchObject({
      status: 400,
      body: { error: { name: 'command_invalid', message: expect.stringContaining(message) } },
    });
  });
});

describe('POST /api/v1/schedule', () => {
  const schedule = async (world: World, key: string, body: object = {}) =>
    ask(world, 'POST', '/api/v1/schedule', {
      headers: { authorization: `Bearer ${SECRET}`, 'idempotency-key': key },
      body: { channel: 'chat:a', data: 1, delay: 60_000, ...body },
    });

  it('schedules once with the header Idempotency-Key, and prefers the key of the message', async () => {
    const world = await createWorld(CONFIG);
    const first = await schedule(world, '"k"');
    expect(first.status).toBe(200);
    expect(await schedule(world, 'k')).toEqual(first);
    expect(world.services.schedules.size).toBe(1);
    expect((await schedule(world, 'k', { key: 'own' })).body).not.toEqual(first.body);
    expect(await schedule(world, 'é')).toMatchObject({ status: 400 });
  });

  it('stores the trace of the request with the message', async () => {
    const world = await createWorld(CONFIG);
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const headers = { authorization: `Bearer ${SECRET}`, traceparent };
    await ask(world, 'POST', '/api/v1/schedule', { headers, body: { channel: 'chat:a', data: 1, delay: 1 } });
    world.clock.advance(1);
    await world.idle();
    const { messages } = await world.services.log.read('chat:a', 0, 1);
    expect(messages.map(({ message }) => message.trace)).toEqual([traceparent]);
  });
});

import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { TicketSeal } from '../src/auth/tickets.ts';
import type { ConfigInput } from '../src/config/config.ts';
import { hintsFor } from '../src/config/hints.ts';
import { parseConfig } from '../src/config/schema.ts';
import type { HttpReply } from '../src/transport/http.ts';
import { LoopbackStream } from '../src/transport/loopback-stream.ts';
import { HeldCalls } from './support/held-calls.ts';
import { tokenFor } from './support/tokens.ts';
import { createWorld, type World } from './support/world.ts';

const KEY = 'an-API-key-that-only-tests-know';
const PAGE = 'https://app.example.com';

async function start(config: ConfigInput = {}) {
  const keys = {
    apiKeys: [
      { name: 'backend', secret: KEY },
      { name: 'limited', secret: `${KEY}-2`, caps: {} },
    ],
  };
  const world = await createWorld({ ...keys, origins: [PAGE], sseCookie: 'token', ...config });
  const token = await tokenFor('ada', { clock: () => world.clock.now() });
  return { world, token };
}

const ask = (world: World, query: string, headers: Record<string, string> = {}): Promise<HttpReply> =>
  world.transport.request({ path: '/sse', query, headers });

const requestTicket = async (world: World, credential: string, body: unknown): Promise<HttpReply> =>
  world.transport.request({
    method: 'POST',
    path: '/api/v1/tickets',
    headers: { authorization: `Bearer ${credential}` },
    body,
  });

const read = ({ body }: HttpReply) => JSON.parse(String(body));
const nameOf = (reply: HttpReply): unknown => (reply.status === 200 ? 'stream' : read(reply).error.name);

describe('a ticket', () => {
  it('opens its channels once, as its user', async () => {
    const { world, token } = await start();
    const reply = await requestTicket(world, token, { channels: ['chat:a', 'user:ada'] });
    expect(reply.status).toBe(201);
    const { ticket, expiresAt } = read(reply);
    expect(expiresAt).toBe(world.clock.now() + 60_000);
    expect(ticket).not.toContain('ada');
    const query = `channel=chat:a&ticket=${ticket}`;
    expect(nameOf(await ask(world, query))).toBe('stream');
    expect(world.services.registry.all()[0]?.identity.user).toBe('ada');
    expect(read(await ask(world, query)).error).toMatchObject({
      name: 'unauthorized',
      message: expect.stringContaining('used before'),
    });
  });

  it('of a backend names its user, with claims', async () => {
    const { world } = await start();
    const body = { channels: ['user:bob'], claims: { sub: 'bob' } };
    const { ticket } = read(await requestTicket(world, KEY, body));
    expect(nameOf(await ask(world, `channel=user:bob&ticket=${ticket}`))).toBe('stream');
  });

  it('opens a pattern of channels', async () => {
    const allow = { subscribe: 'users' } as const;
    const { world, token } = await start({
      channels: { 'chat:{room}': { allow, history: true }, chats: { allow, history: true, bind: ['chat:*'] } },
    });
    const { ticket } = read(await requestTicket(world, token, { channels: ['chat:*'] }));
    expect(nameOf(await ask(world, `channel=chat:*&ticket=${ticket}`))).toBe('stream');
  });

  it.each(['chat:{room}', 'chat::a', 'chat:**:a'])('is not issued for %s', async (channel) => {
    const { world, token } = await start();
    const reply = await requestTicket(world, token, { channels: [channel] });
    expect([reply.status, nameOf(reply)]).toEqual([400, 'channel_invalid']);
  });

  it.each<[string, unknown, string, string]>([
    ['a user with a control character', { sub: 'a\nb' }, 'command_invalid', 'control character'],
    ['capabilities that are none', { sub: 'bob', caps: ['*'] }, 'command_invalid', '"caps" is malformed'],
    ['an expiry in milliseconds', { sub: 'bob', exp: 1.8e12 }, 'command_invalid', 'looks like milliseconds'],
    ['an expiry in the past', { sub: 'bob', exp: 1 }, 'command_invalid', 'expired'],
    [
      'a field that no client can decode',
      JSON.parse('{"sub":"bob","info":{"__proto__":1}}'),
      'payload_invalid',
      'info',
    ],
  ])('is not issued for claims with %s', async (_, claims, name, text) => {
    const { world } = await start();
    const reply = await requestTicket(world, KEY, { channels: ['user:bob'], claims });
    expect(nameOf(reply)).toBe(name);
    expect(read(reply).error.message).toContain(text);
  });

  it.each<[string, (ticket: string) => string, string]>([
    ['for another channel', (ticket) => `channel=chat:b&ticket=${ticket}`, 'permission_denied'],
    ['that was changed', (ticket) => `channel=chat:a&ticket=${ticket.slice(0, -2)}AA`, 'unauthorized'],
    ['that is none', () => 'channel=chat:a&ticket=abc', 'unauthorized'],
  ])('%s opens nothing', async (_, query, name) => {
    const { world, token } = await start();
    const { ticket } = read(await requestTicket(world, token, { channels: ['chat:a'] }));
    expect(nameOf(await ask(world, query(ticket)))).toBe(name);
    expect(world.services.registry.size).toBe(0);
  });

  it('expires', async () => {
    const { world, token } = await start();
    const { ticket } = read(await requestTicket(world, token, { channels: ['chat:a'] }));
    world.clock.advance(60_000);
    expect(read(await ask(world, `channel=chat:a&ticket=${ticket}`)).error.message).toContain('has expired');
  });

  it('of a revoked user opens nothing', async () => {
    const { world, token } = await start();
    const { ticket } = read(await requestTicket(world, token, { channels: ['chat:a'] }));
    await world.gateway.revoke({ user: 'ada', before: world.clock.now() + 5_000 });
    expect(nameOf(await ask(world, `channel=chat:a&ticket=${ticket}`))).toBe('token_revoked');
  });

  it('is also used up by the Authorization header, and is not a token for a WebSocket', async () => {
    const { world, token } = await start();
    const { ticket } = read(await requestTicket(world, token, { channels: ['chat:a'] }));
    const headers = { authorization: `Bearer ${ticket}` };
    expect(nameOf(await ask(world, 'channel=chat:a', headers))).toBe('stream');
    expect(nameOf(await ask(world, 'channel=chat:a', headers))).toBe('unauthorized');
    const { client } = world.open();
    void client.result({ type: 'connect', token: ticket }).catch(() => {});
    expect((await client.ended()).reason).toMatch(/^token_malformed/);
  });

  it.each<[string, string, (world: World, token: string) => unknown]>([
    ['the gateway drains', 'draining', (world) => void world.gateway.close()],
    [
      'its address reaches its limit',
      'too_many_connections',
      (world, token) => ask(world, 'channel=chat:a', { authorization: `Bearer ${token}` }),
    ],
  ])('opens nothing if %s while the engine confirms its use', async (_, name, happen) => {
    const { world, token } = await start({ limits: { connectionsPerAddress: 1 } });
    const { ticket } = read(await requestTicket(world, token, { channels: ['chat:a'] }));
    const held = new HeldCalls().hold(world.services.log, 'append');
    const reply = ask(world, `channel=chat:a&ticket=${ticket}`);
    await world.idle();
    expect(held.waiting).toHaveLength(1);
    await happen(world, token);
    held.release();
    expect(nameOf(await reply)).toBe(name);
  });

  it('can be used only once on two nodes of one engine', async () => {
    const { world, token } = await start();
    const second = await createWorld(
      {
        apiKeys: [
          { name: 'backend', secret: KEY },
          { name: 'limited', secret: `${KEY}-2`, caps: {} },
        ],
      },
      { engine: () => world.assembly.engine },
    );
    const { ticket } = read(await requestTicket(world, token, { channels: ['chat:a'] }));
    const query = `channel=chat:a&ticket=${ticket}`;
    expect(nameOf(await ask(second, query))).toBe('stream');
    expect(nameOf(await ask(world, query))).toBe('unauthorized');
  });

  it('cannot be made by backends whose keys are all restricted', async () => {
    const restricted = [
      { name: 'reader', secret: KEY, caps: { 'news:*': ['history'] } },
      { name: 'limited', secret: `${KEY}-2`, caps: {} },
    ];
    const world = await createWorld({ keys: [], anonymous: true, apiKeys: restricted });
    const ticket = new TicketSeal(restricted.map(({ secret }) => secret)).seal({
      ...{ id: 'made', expiresAt: world.clock.now() + 60_000, channels: ['user:ada'], claims: { sub: 'ada' } },
    });
    expect(nameOf(await ask(world, `channel=user:ada&ticket=${ticket}`))).toBe('unauthorized');
  });

  it.each<[string, ConfigInput, boolean]>([
    ['no key', {}, true],
    ['a restricted key', { apiKeys: [{ name: 'limited', secret: KEY, caps: {} }] }, true],
    ['an unrestricted key', { apiKeys: [{ name: 'backend', secret: KEY }] }, false],
    ['a restricted key and one worker', { workers: 1, apiKeys: [{ name: 'limited', secret: KEY, caps: {} }] }, false],
    ['streams that are off', { sse: false }, false],
  ])(
    'of a gateway with workers and %s: the gateway warns that only one process accepts it: %s',
    async (_, own, warns) => {
      const lines: string[] = [];
      const config: ConfigInput = { keys: [], anonymous: true, workers: 2, ...own };
      await createWorld(config, { log: pino({ level: 'warn' }, { write: (line) => void lines.push(line) }) });
      expect(lines.join('').includes('a ticket is accepted only by the process that issued it')).toBe(warns);
      const channels = { a: { allow: { subscribe: 'users' as const } } };
      expect(hintsFor(parseConfig({ ...config, channels })).map((hint) => hint.slice(0, 4))).toEqual(
        warns ? ['sse:'] : [],
      );
    },
  );

  it.each<[string, string, unknown, string]>([
    ['without credentials', '', { channels: ['chat:a'] }, 'unauthorized'],
    ['by a key with caps', `${KEY}-2`, { channels: ['chat:a'], claims: { sub: 'ada' } }, 'permission_denied'],
    ['by a key without a user', KEY, { channels: ['chat:a'] }, 'command_invalid'],
    ['without channels', KEY, { claims: { sub: 'ada' } }, 'command_invalid'],
    ['with a bad channel', KEY, { channels: ['a::b'], claims: { sub: 'ada' } }, 'channel_invalid'],
    ['with an unknown field', KEY, { channels: ['chat:a'], user: 'ada' }, 'command_invalid'],
    ['with a list', KEY, [], 'command_invalid'],
    [
      'that is too large',
      KEY,
      { channels: ['chat:a'], claims: { sub: 'ada', x: 'y'.repeat(5_000) } },
      'payload_too_large',
    ],
  ])('is not issued %s', async (_, credential, body, name) => {
    const { world } = await start();
    expect(nameOf(await requestTicket(world, credential, body))).toBe(name);
  });

  it('is not issued by a token for another user', async () => {
    const { world, token } = await start();
    const reply = await requestTicket(world, token, { channels: ['chat:a'], claims: { sub: 'bob' } });
    expect(nameOf(reply)).toBe('command_invalid');
  });
});

describe('a cookie', () => {
  const withCookie = (token: string, headers: Record<string, string> = {}) => ({
    host: 'gateway.test',
    cookie: `other=1; token=${token}`,
    ...headers,
  });

  it.each<[string, Record<string, string>, string]>([
    ['from the same origin', {}, 'stream'],
    ['from the same origin with an Origin header', { origin: 'https://gateway.test' }, 'stream'],
    ['from a listed origin', { origin: PAGE }, 'stream'],
    ['from a foreign origin', { origin: 'https://evil.example' }, 'origin_refused'],
    ['from a cross-site page without an Origin header', { 'sec-fetch-site': 'cross-site' }, 'origin_refused'],
  ])('%s: %s', async (_, headers, expected) => {
    const { world, token } = await start();
    expect(nameOf(await ask(world, 'channel=chat:a', withCookie(token, headers)))).toBe(expected);
  });

  it('is not read unless the configuration names it', async () => {
    const world = await createWorld();
    const token = await tokenFor('ada', { clock: () => world.clock.now() });
    expect(nameOf(await ask(world, 'channel=chat:a', withCookie(token)))).toBe('token_required');
  });

  it('is not accepted if every origin may connect', async () => {
    const { world, token } = await start({ origins: ['*'] });
    const headers = withCookie(token, { origin: 'https://evil.example' });
    expect(nameOf(await ask(world, 'channel=chat:a', headers))).toBe('origin_refused');
  });
});

const READABLE = { 'Access-Control-Expose-Headers': 'Retry-After' };

describe('pages of other origins', () => {
  it.each([
    [
      [PAGE],
      PAGE,
      { 'Access-Control-Allow-Origin': PAGE, 'Access-Control-Allow-Credentials': 'true', ...READABLE, Vary: 'Origin' },
    ],
    [['*'], PAGE, { 'Access-Control-Allow-Origin': '*', ...READABLE }],
    [[], PAGE, {}],
  ])('of %j, %s reads the answer with %j', async (origins, origin, expected) => {
    const { world, token } = await start({ origins });
    const reply = await ask(world, 'channel=chat:a', { origin, authorization: `Bearer ${token}` });
    const cors = Object.entries(reply.headers ?? {}).filter(([name]) => /^(Access-Control|Vary)/.test(name));
    expect(Object.fromEntries(cors)).toEqual(expected);
    if (reply.stream !== undefined) new LoopbackStream(reply).cut();
  });

  it.each(['/sse', '/api/v1/tickets'])('may send a preflight request to %s', async (path) => {
    const { world } = await start();
    const reply = await world.transport.request({ method: 'OPTIONS', path, headers: { origin: PAGE } });
    expect(reply).toMatchObject({
      status: 204,
      headers: {
        'Access-Control-Allow-Origin': PAGE,
        'Access-Control-Allow-Headers': expect.stringContaining('Authorization'),
      },
    });
  });
});

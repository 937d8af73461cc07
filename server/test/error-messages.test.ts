/** Mistakes of the first hour, and their error messages: what is wrong, and what to do. */

import { ERRORS, type ErrorName } from '@sluice/protocol';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { mintToken } from '../src/auth/mint.ts';
import type { CommandInput } from './support/protocol-client.ts';
import { type RealGateway, startGateway } from './support/real-gateway.ts';
import { SECRET, tokenFor } from './support/tokens.ts';

const API_KEY = 'an-API-key-that-only-tests-know';
const lines: string[] = [];
let gateway: RealGateway;

beforeAll(async () => {
  gateway = await startGateway(
    {
      channels: {
        'chat:{room}': { allow: { subscribe: 'users', publish: ['role:admin', 'claim:rooms:{room}'] }, history: true },
        'user:{id}': { allow: { '*': 'owner:{id}' }, history: true },
        'closed:{id}': { allow: {} },
      },
      apiKeys: [{ name: 'backend', secret: API_KEY }],
    },
    { log: pino({ level: 'warn' }, { write: (line) => void lines.push(line) }) },
  );
});

afterAll(() => gateway.stop());

const bearer = (key: string) => ({ Authorization: `Bearer ${key}` });
const tokenWith = (secret: string) => mintToken({ secret, algorithm: 'HS256', sub: 'ada', expiresIn: 60_000 });

interface ErrorMessage {
  readonly error: { readonly name: string; readonly message: string; readonly remedy: string };
}

describe('a command', () => {
  it.each<[string, CommandInput, string, readonly string[]]>([
    [
      'to a channel without a rule',
      { type: 'subscribe', channel: 'news:today' },
      'channel_unknown',
      ['"news:today"', '"channels" in the gateway\'s configuration'],
    ],
    [
      'that only the owner may use',
      { type: 'subscribe', channel: 'user:bob' },
      'permission_denied',
      ['"user:{id}"', 'owner:{id}'],
    ],
    [
      'that a role or a claim may use',
      { type: 'publish', channel: 'chat:a', data: 1 },
      'permission_denied',
      ['"chat:{room}"', 'role:admin, claim:rooms:{room}'],
    ],
    [
      'that no user may use',
      { type: 'watch', channel: 'chat:a' },
      'permission_denied',
      ['"presence"', 'allows it to nobody'],
    ],
    ['that its token denies', { type: 'subscribe', channel: 'chat:denied' }, 'permission_denied', ['"caps" deny it']],
    [
      'to an invalid channel name',
      { type: 'subscribe', channel: 'chat/lobby room' },
      'channel_invalid',
      ['chat/lobby room', 'segment("Ada Lovelace")'],
    ],
  ])('%s', async (_, command, name, hints) => {
    const { client } = await gateway.connect(await tokenFor('ada', { caps: { 'chat:denied': ['!*'] } }));
    const { error } = (await client.request(command)) as unknown as ErrorMessage;
    expect(error.name).toBe(name);
    for (const hint of hints) expect(error.message).toContain(hint);
    expect(error.remedy).toBe(ERRORS[name as ErrorName].remedy);
  });

  it('that is refused reveals nothing about members and history', async () => {
    const { client: bob } = await gateway.connect(await tokenFor('bob'));
    await bob.result({ type: 'enter', channel: 'user:bob' });
    await bob.result({ type: 'publish', channel: 'user:bob', data: 'secret' });
    const { client } = await gateway.connect(await tokenFor('ada'));
    for (const command of [
      { type: 'members' },
      { type: 'history' },
      { type: 'subscribe' },
      { type: 'enter' },
    ] as const) {
      const messageFor = async (channel: string) =>
        ((await client.request({ ...command, channel })) as unknown as ErrorMessage).error.message.replaceAll(
          channel,
          'user:x',
        );
      expect(await messageFor('user:bob')).toBe(await messageFor('user:nobody'));
    }
  });
});

describe('a token', () => {
  const seconds = Math.floor(Date.now() / 1000);
  it.each<[string, Record<string, unknown>, string]>([
    ['that expires in milliseconds', { exp: Date.now() + 60_000 }, '"exp" looks like milliseconds'],
    ['that was issued in milliseconds', { iat: Date.now() }, '"iat" looks like milliseconds'],
    ['that expires in 50 years', { exp: seconds + 50 * 365 * 86_400 }, '"maxTokenLife"'],
  ])('%s', async (_, claims, hint) => {
    const { SignJWT } = await import('jose');
    const token = await new SignJWT({ sub: 'ada', exp: seconds + 60, ...claims })
      .setProtectedHeader({ alg: 'HS256' })
      .sign(Buffer.from(SECRET));
    const { client } = await gateway.open();
    const { error } = (await client.request({ type: 'connect', token })) as unknown as ErrorMessage;
    expect(error.name).toBe('token_claims');
    expect(error.message).toContain(hint);
  });

  it.each<[string, () => string | undefined | Promise<string>, ErrorName, string]>([
    ['that is missing', () => undefined, 'token_required', 'Give a token to connect'],
    ['signed with another secret', () => tokenWith('x'.repeat(48)), 'token_signature', 'Sign with the key'],
    ['inside of JSON', async () => JSON.stringify({ token: await tokenFor('ada') }), 'token_malformed', 'without JSON'],
    ['that is a page', () => '<!doctype html>', 'token_malformed', 'without JSON or a page around it'],
  ])('%s', async (_, token, name, remedy) => {
    const { client } = await gateway.open();
    const given = await token();
    const { error } = (await client.request({
      type: 'connect',
      ...(given && { token: given }),
    })) as unknown as ErrorMessage;
    expect(error.name).toBe(name);
    expect(error.remedy).toContain(remedy);
  });
});

it('a page of another origin receives its origin and where to add it', async () => {
  const { socket } = await gateway.open('sluice.v1.json', { origin: 'https://app.example.com' });
  const reason = await new Promise<string>((resolve) => socket.on('close', (_, why) => resolve(String(why))));
  expect(reason).toBe(
    'origin_refused: origin "https://app.example.com" is not in "origins". Add the origin to "origins" in the configuration.',
  );
});

describe('an HTTP request', () => {
  const message = { channel: 'chat:a', data: 1 };

  it.each<[string, Record<string, string>, string, number, string, string]>([
    ['without a key', {}, JSON.stringify(message), 401, 'no valid API key', 'Authorization: Bearer'],
    [
      'with a wrong key',
      bearer('wrong'),
      JSON.stringify(message),
      401,
      'the API key is unknown',
      'Authorization: Bearer',
    ],
    ['with single quotes', bearer(API_KEY), "{'channel':'chat:a'}", 400, 'not valid JSON', 'Send valid JSON in UTF-8'],
    ['with an empty body', bearer(API_KEY), '', 400, 'not valid JSON', 'Send valid JSON in UTF-8'],
  ])('%s', async (_, headers, body, status, hint, remedy) => {
    const response = await fetch(`${gateway.url}/api/v1/publish`, { method: 'POST', headers, body });
    expect(response.status).toBe(status);
    const { error } = (await response.json()) as ErrorMessage;
    expect(error.message).toContain(hint);
    expect(error.remedy).toContain(remedy);
  });

  it.each<[string, string, string, unknown, number, readonly string[]]>([
    ['to publish by GET', 'GET', '/api/v1/publish', undefined, 405, ['POST /api/v1/publish']],
    ['to a wrong path', 'POST', '/publish', message, 404, ['"/publish". Did you mean POST /api/v1/publish? ']],
    [
      'to a misspelt path',
      'GET',
      '/api/v1/chanels/a/messages',
      undefined,
      404,
      ['GET /api/v1/channels/{channel}/mess'],
    ],
    [
      'to another path',
      'GET',
      '/somewhere/else',
      undefined,
      404,
      ['"/somewhere/else". /api/v1/openapi.json describes all routes; WebSockets are at /ws'],
    ],
    ['to the path of WebSockets', 'GET', '/ws', undefined, 404, ['/ws is for WebSockets only']],
    [
      'with "name" for "event"',
      'POST',
      '/api/v1/publish',
      { ...message, name: 'typing' },
      400,
      ['"name"', 'did you mean "event"?'],
    ],
    [
      'with "type" for "event"',
      'POST',
      '/api/v1/publish',
      { ...message, type: 'typing' },
      400,
      ['did you mean "event"?'],
    ],
    ['with another case', 'POST', '/api/v1/publish', { ...message, Event: 'typing' }, 400, ['did you mean "event"?']],
    [
      'with an unknown field',
      'POST',
      '/api/v1/publish',
      { ...message, room: 'a' },
      400,
      ['"room"', 'channel, data, event, tags, trace, key, if, ttl'],
    ],
    ['without data', 'POST', '/api/v1/publish', { channel: 'chat:a' }, 400, ['"data" is required']],
    ['to a channel without a rule', 'POST', '/api/v1/publish', { ...message, channel: 'news:a' }, 404, ['"channels"']],
  ])('%s', async (_, method, path, body, status, hints) => {
    const response = await fetch(`${gateway.url}${path}`, {
      method,
      headers: { Authorization: `Bearer ${API_KEY}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    expect(response.status).toBe(status);
    const { error } = (await response.json()) as ErrorMessage;
    for (const hint of hints) expect(error.message).toContain(hint);
  });
});

it('a WebSocket at the wrong path is reported in the answer and in the log', async () => {
  const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/websocket`);
  const answered = await new Promise<string>((resolve) => {
    socket.on('error', () => {});
    socket.on('unexpected-response', (_request, response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => {
        text += chunk;
      });
      response.on('end', () => resolve(`${response.statusCode} ${text}`));
    });
  });
  socket.terminate();
  expect(answered).toMatch(/^404 .*Connect to \/ws/);
  await expect.poll(() => lines.join('')).toContain('/websocket');
});

it('mintToken with an expiry in words throws', () => {
  expect(() => mintToken({ secret: SECRET, sub: 'ada', expiresIn: '15m' } as never)).toThrow('milliseconds');
});

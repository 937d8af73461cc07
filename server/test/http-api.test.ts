import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ErrorBody } from '@sluice/protocol';
import { defineChannels } from '@sluice/protocol/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { RawSocket } from './support/raw-socket.ts';
import { type RealGateway, startGateway } from './support/real-gateway.ts';
import { SECRET, tokenFor } from './support/tokens.ts';

const API_KEY = 'an-API-key-that-only-tests-know';
const NARROW_KEY = 'another-one-for-news-only';

let gateway: RealGateway;

beforeAll(async () => {
  gateway = await startGateway({
    keys: [{ secret: SECRET }],
    channels: {
      'chat:{room}': { allow: { subscribe: 'users', publish: 'role:writer' }, history: true, maxPayload: 100 },
      'news:{topic}': { allow: {} },
      'slow:{id}': { allow: { publish: 'users' }, rate: 1 },
    },
    contracts: defineChannels({ 'order:{id}': { message: z.object({ total: z.number() }) } }),
    apiKeys: [
      { name: 'backend', secret: API_KEY },
      { name: 'narrow', secret: NARROW_KEY, caps: { 'news:*': ['publish'] } },
    ],
  });
});

afterAll(() => gateway.stop());

interface Body {
  readonly id?: string;
  readonly offset?: number;
  readonly error?: ErrorBody;
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body if it is an object. */
  readonly json: Body;
  /** The body if it is an array. */
  readonly list: readonly Body[];
}

async function call(path: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(`${gateway.url}${path}`, init);
  const text = await response.text();
  const value: unknown = /^[[{]/.test(text) ? JSON.parse(text) : {};
  const { status, headers: answered } = response;
  return { status, headers: answered, text, json: value as Body, list: value as readonly Body[] };
}

function publish(body: unknown, bearer: string | undefined = API_KEY): Promise<Answer> {
  const headers: Record<string, string> = bearer === undefined ? {} : { Authorization: `Bearer ${bearer}` };
  return call('/api/v1/publish', {
    method: 'POST',
    headers,
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

describe('POST /api/v1/publish', () => {
  it('publishes one message', async () => {
    const { status, json } = await publish({ channel: 'chat:one', data: { n: 1 }, event: 'said', tags: { a: 'b' } });
    expect(status).toBe(200);
    expect(json).toEqual({ id: expect.any(String), epoch: expect.any(String), offset: 1 });
    const { client } = await gateway.connect(await tokenFor('ada'));
    await client.result({ type: 'subscribe', channel: 'chat:one', rewind: 1 });
    const [message] = await client.messages('chat:one', 1);
    expect(message).toEqual({
      id: json.id,
      offset: 1,
      time: expect.any(Number),
      data: { n: 1 },
      event: 'said',
      tags: { a: 'b' },
    });
  });

  it("limits a user to the rule's rate, and does not limit a backend", async () => {
    const many = Array.from({ length: 8 }, (_, data) => ({ channel: 'slow:a', data }));
    const { list } = await publish(many, await tokenFor('ada'));
    expect(list.map(({ error }) => error?.name)).toEqual([
      ...Array.from({ length: 5 }),
      ...Array.from({ length: 3 }, () => 'rate_limited'),
    ]);
    expect((await publish(many)).list.every(({ error }) => error === undefined)).toBe(true);
  });

  it('publishes a batch in order, and returns the results in the same order', async () => {
    const { status, list } = await publish([
      { channel: 'chat:batch', data: 1 },
      { channel: 'chat:not a name', data: 2 },
      { channel: 'elsewhere', data: 3 },
      { channel: 'chat:batch', data: 'x'.repeat(200) },
      { channel: 'chat:batch' },
      'nonsense',
      { channel: 'chat:batch', data: 4 },
    ]);
    expect(status).toBe(200);
    const names = list.map(({ error, offset }) => error?.name ?? offset);
    expect(names).toEqual([
      1,
      'channel_invalid',
      'channel_unknown',
      'payload_too_large',
      'command_invalid',
      'command_invalid',
      2,
    ]);
  });

  it('reports what violates the contract of the channel', async () => {
    const wrong = { channel: 'order:1', data: { total: 'much' } };
    const { status, json } = await publish(wrong);
    expect(status).toBe(422);
    expect(json.error).toMatchObject({ name: 'payload_invalid', issues: [{ path: 'data.total' }] });
    const { list } = await publish([wrong, { channel: 'order:1', data: { total: 7 } }]);
    expect(list).toMatchObject([{ error: { issues: [{ path: 'data.total' }] } }, { offset: 1 }]);
  });

  it('appends a repeated publish with the same key only once', async () => {
    const message = { channel: 'chat:twice', data: 1, key: 'order-1' };
    const [first, second] = [await publish(message), await publish(message)];
    expect(second.json).toEqual(first.json);
    expect((await publish({ ...message, key: 'order-2' })).json.offset).toBe(2);
  });

  it('separates the keys of users and backends', async () => {
    const message = { channel: 'chat:apart', data: 1, key: 'k' };
    const ada = await tokenFor('ada', { claims: { role: 'writer' } });
    const ben = await tokenFor('ben', { claims: { role: 'writer' } });
    const offsets = [];
    for (const bearer of [API_KEY, ada, ben, ada]) offsets.push((await publish(message, bearer)).json.offset);
    expect(offsets).toEqual([1, 2, 3, 2]);
  });

  const one = { channel: 'chat:a', data: 1 };
  it.each<[string, unknown, number, string]>([
    ['invalid JSON', '{"channel":', 400, 'frame_malformed'],
    ['nothing', '', 400, 'frame_malformed'],
    ['a number', 5, 400, 'command_invalid'],
    ['null', null, 400, 'command_invalid'],
    ['an empty batch', [], 400, 'command_invalid'],
    ['a batch of 1,001', Array.from({ length: 1_001 }, () => one), 400, 'command_invalid'],
    ['no channel', { data: 1 }, 400, 'command_invalid'],
    ['an invalid channel name', { ...one, channel: 'a::b' }, 400, 'channel_invalid'],
    ['a channel without a rule', { ...one, channel: 'nowhere' }, 404, 'channel_unknown'],
    ['no data', { channel: 'chat:a' }, 400, 'command_invalid'],
    ['an invalid event', { ...one, event: '' }, 400, 'command_invalid'],
    ['invalid tags', { ...one, tags: { a: 1 } }, 400, 'command_invalid'],
    ['an invalid key', { ...one, key: 7 }, 400, 'command_invalid'],
    ['an unknown field', { ...one, name: 'said' }, 400, 'command_invalid'],
    ['data with a number that JSON cannot carry', '{"channel":"chat:a","data":1e999}', 422, 'payload_invalid'],
    ['data with a lone surrogate', '{"channel":"chat:a","data":"\\ud800"}', 422, 'payload_invalid'],
    ['data that is too large', { ...one, data: 'x'.repeat(101) }, 413, 'payload_too_large'],
  ])('refuses %s', async (_, body, status, name) => {
    const answer = await publish(body);
    expect(answer.status).toBe(status);
    expect(answer.json.error).toMatchObject({ name, message: expect.any(String), retryable: false });
  });

  it('refuses a body that is not UTF-8', async () => {
    const body = Buffer.concat([
      Buffer.from('{"channel":"chat:a","data":"'),
      Buffer.from([0xff, 0xfe]),
      Buffer.from('"}'),
    ]);
    const answer = await call('/api/v1/publish', {
      method: 'POST',
      headers: { Authorization: `Bearer ${API_KEY}` },
      body,
    });
    expect(answer.json.error?.name).toBe('frame_malformed');
  });

  it('refuses a body above 1 MiB', async () => {
    expect((await publish(`"${'x'.repeat(1_048_576)}"`)).status).toBe(413);
  });

  it.each<[string, () => Promise<string | undefined>, number, string]>([
    ['a missing credential', async () => undefined, 401, 'unauthorized'],
    ['a wrong API key', async () => 'wrong', 401, 'unauthorized'],
    ['an API key without the permission', async () => NARROW_KEY, 403, 'permission_denied'],
    ['a token without the permission', () => tokenFor('ada'), 403, 'permission_denied'],
    ['a token signed with another secret', () => tokenFor('ada', { secret: `${SECRET}!` }), 401, 'token_signature'],
    ['an expired token', () => tokenFor('ada', { clock: () => Date.now() - 7_200_000 }), 401, 'token_expired'],
    ['three parts that are not a token', async () => 'a.b.c', 401, 'token_malformed'],
  ])('refuses %s', async (_, bearer, status, name) => {
    const headers: Record<string, string> = {};
    const presented = await bearer();
    if (presented !== undefined) headers.Authorization = `Bearer ${presented}`;
    const answer = await call('/api/v1/publish', { method: 'POST', headers, body: JSON.stringify(one) });
    expect([answer.status, answer.json.error?.name]).toEqual([status, name]);
    if (status === 401) expect(answer.headers.get('www-authenticate')).toBe('Bearer');
  });

  it('accepts a token with the permission, and names its user', async () => {
    const token = await tokenFor('ada', { caps: { 'chat:mine': ['publish'] } });
    expect((await publish({ channel: 'chat:mine', data: 1 }, token)).status).toBe(200);
    const { client } = await gateway.connect(token);
    await client.result({ type: 'subscribe', channel: 'chat:mine', rewind: 1 });
    expect(await client.messages('chat:mine', 1)).toMatchObject([{ from: 'ada' }]);
  });

  it('names the API key that lacks the permission', async () => {
    const { json } = await publish(one, NARROW_KEY);
    expect(json.error?.message).toContain('"publish" on "chat:a" is not allowed to the API key "narrow"');
  });

  it('accepts an API key for its permitted channels', async () => {
    expect((await publish({ channel: 'news:a', data: 1 }, NARROW_KEY)).status).toBe(200);
  });
});

describe('other paths', () => {
  it.each(['/health/live', '/health/ready'])('%s answers ok', async (path) => {
    const { status, json, headers } = await call(path);
    expect(status).toBe(200);
    expect(json).toMatchObject({ status: 'ok' });
    expect(headers.get('cache-control')).toBe('no-store');
  });

  it('/metrics returns the Prometheus format', async () => {
    const { status, text, headers } = await call('/metrics');
    expect(status).toBe(200);
    expect(headers.get('content-type')).toContain('text/plain');
    expect(text).toMatch(/^sluice_connections \d+$/m);
  });

  it.each(['/', '/nowhere', '/api/v1', '/api/v1/publish/', '/dev/token', '/..%2f..%2fetc/passwd'])(
    '%s is not found',
    async (path) => {
      const { status, json } = await call(path);
      expect([status, json.error?.name]).toEqual([404, 'not_found']);
    },
  );

  it('explains when development tokens exist', async () => {
    expect((await call('/dev/token')).json.error?.message).toContain('exists only with --dev');
  });

  it.each([
    ['GET', '/api/v1/publish', 'POST'],
    ['POST', '/health/live', 'GET'],
    ['DELETE', '/metrics', 'GET'],
  ])('%s %s is not allowed', async (method, path, allowed) => {
    const { status, json, headers } = await call(path, { method });
    expect([status, json.error?.name, headers.get('allow')]).toEqual([405, 'method_not_allowed', allowed]);
  });

  it('HEAD is answered without a body', async () => {
    const raw = new RawSocket(gateway.port);
    raw.write('HEAD /health/live HTTP/1.1\r\nHost: x\r\n\r\n');
    await raw.until(() => raw.text.endsWith('\r\n\r\n'));
    expect(raw.text).toContain('Content-Length: 15\r\n');
    raw.write('GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n');
    await raw.until(() => raw.text.split('HTTP/1.1 200 OK').length === 3 && raw.text.endsWith('}'));
    expect(raw.text.match(/\{"status":"ok"\}/g)).toHaveLength(1);
    raw.socket.destroy();
  });

  it('a client that disconnects in the middle of a request affects no other client', async () => {
    const raw = await new RawSocket(gateway.port).opened();
    raw.write('POST /api/v1/publish HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{"channel":');
    raw.socket.destroy();
    expect((await call('/health/live')).status).toBe(200);
  });

  it('a plain GET does not open a WebSocket', async () => {
    expect((await call('/ws')).status).toBe(404);
  });
});

describe('in development', () => {
  it('issues valid tokens and the API key of the run', async () => {
    const dev = await startGateway({ dev: true, keys: [] });
    try {
      const response = await fetch(`${dev.url}/dev/token?sub=ada&caps={"**":["*"]}&expires=60`);
      const { token, apiKey, expiresAt } = (await response.json()) as {
        token: string;
        apiKey: string;
        expiresAt: number;
      };
      expect(Math.abs(expiresAt - Date.now() - 60_000)).toBeLessThan(5_000);
      const { client } = await dev.connect(token);
      expect(await client.result({ type: 'subscribe', channel: 'chat:a' })).toMatchObject({ state: 'live' });
      const headers = { Authorization: `Bearer ${apiKey}` };
      const body = JSON.stringify({ channel: 'chat:a', data: 1 });
      expect((await fetch(`${dev.url}/api/v1/publish`, { method: 'POST', headers, body })).status).toBe(200);
      await client.messages('chat:a', 1);
    } finally {
      await dev.stop();
    }
  });

  it('issues tokens if an API key is configured, but does not reveal that key', async () => {
    const dev = await startGateway({
      dev: true,
      keys: [],
      apiKeys: [{ name: 'mine', secret: 'sixteen-bytes-or-more' }],
    });
    try {
      const response = await fetch(`${dev.url}/dev/token?sub=ada`);
      expect(await response.json()).toEqual({ token: expect.any(String), expiresAt: expect.any(Number) });
    } finally {
      await dev.stop();
    }
  });

  it.each([
    '',
    '?sub=',
    '?sub=a&expires=0',
    '?sub=a&expires=x',
    '?sub=a&expires=86401',
    '?sub=a&claims={"id":9007199254740993}',
    '?sub=a&claims={"id":0.123456789012345678}',
    '?sub=a&caps=[]',
    '?sub=a&caps={"a":["fly"]}',
    '?sub=a&claims=1',
    '?sub=a&exp=60',
    '?sub=a%07',
    '?sub=%ED%A0%80%00',
  ])('refuses /dev/token%s', async (query) => {
    const dev = await startGateway({ dev: true, keys: [] });
    try {
      expect((await fetch(`${dev.url}/dev/token${query}`)).status).toBe(400);
    } finally {
      await dev.stop();
    }
  });
});

describe('a folder', () => {
  it('is served at the root, with validators for browser caches', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-static-'));
    writeFileSync(join(folder, 'index.html'), '<h1>hello</h1>');
    const site = await startGateway({ static: folder });
    try {
      const response = await fetch(`${site.url}/`);
      expect(await response.text()).toBe('<h1>hello</h1>');
      expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
      const etag = response.headers.get('etag') ?? '';
      expect((await fetch(`${site.url}/index.html`, { headers: { 'If-None-Match': etag } })).status).toBe(304);
      expect((await fetch(`${site.url}/index.html`, { method: 'POST' })).status).toBe(404);
      expect((await fetch(`${site.url}/health/live`)).status).toBe(200);
    } finally {
      await site.stop();
    }
  });
});

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createGateway, type Gateway } from '@sluice/server';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Backend, BackendError, type Message, mintToken } from '../src/index.ts';

const SECRET = 'a secret of at least thirty-two bytes';
const API_KEY = 'an-API-key-that-only-tests-know';

let gateway: Gateway;
let sluice: Backend;

beforeAll(async () => {
  gateway = createGateway({
    host: '127.0.0.1',
    port: 0,
    keys: [{ secret: SECRET }],
    channels: { 'chat:{room}': { allow: { '*': 'users' }, history: true }, 'news:{topic}': {} },
    apiKeys: [{ name: 'backend', secret: API_KEY }],
    log: { level: 'silent' },
  });
  const { url } = await gateway.start();
  sluice = new Backend({ url: url.replace('localhost', '127.0.0.1'), apiKey: API_KEY });
});
afterAll(() => gateway.close());

async function newestOf(channel: string): Promise<Message> {
  const page = await sluice.get('/api/v1/channels/{channel}/messages', { path: { channel }, query: { limit: 1 } });
  const [newest] = page.messages;
  if (newest === undefined) throw new Error(`"${channel}" has no message`);
  return newest;
}

async function collect<T>(list: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const entry of list) all.push(entry);
  return all;
}

describe('the backend', () => {
  it('publishes, and reads the log to its end', async () => {
    const first = await sluice.publish('chat:log', { n: 1 }, { event: 'said', tags: { a: 'b' } });
    expect(first).toMatchObject({ offset: 1 });
    await sluice.publish('chat:log', { n: 2 });
    const messages = await collect(sluice.history('chat:log'));
    expect(messages).toMatchObject([{ offset: 1, data: { n: 1 }, event: 'said', tags: { a: 'b' } }, { offset: 2 }]);
    expect(await collect(sluice.history('chat:log', { after: 2 }))).toEqual([]);
    expect(await collect(sluice.history('chat:empty'))).toEqual([]);
  });

  it('reads on after a page whose messages have all expired', async () => {
    await sluice.publish('chat:expired', 'gone', { ttl: 1 });
    const large = 'x'.repeat(60_000);
    for (let n = 0; n < 6; n++) await sluice.publish('chat:expired', large, { ttl: 1 });
    await sluice.publish('chat:expired', 'kept');
    const { time } = await newestOf('chat:expired');
    await expect.poll(() => Date.now()).toBeGreaterThan(time + 1);
    expect(await collect(sluice.history('chat:expired'))).toMatchObject([{ offset: 8, data: 'kept' }]);
  });

  it('publishes to many channels, with a result for each', async () => {
    const [one, two] = await sluice.publishTo(['chat:one', 'unknown'], 1);
    expect(one).toMatchObject({ offset: 1 });
    expect(two).toBeInstanceOf(BackendError);
    expect((two as BackendError).name).toBe('channel_unknown');
  });

  it.each(['http://gateway.test/apps/shop', 'http://gateway.test/apps/shop/'])('calls the app at %s', async (url) => {
    const urls: string[] = [];
    const send = async (target: URL) => {
      urls.push(String(target));
      return new Response('{"id":"m","offset":1,"epoch":"e"}');
    };
    const shop = new Backend({ url, apiKey: API_KEY, fetch: send as typeof fetch });
    await shop.publish('chat:a', 1);
    expect(urls).toEqual(['http://gateway.test/apps/shop/api/v1/publish']);
  });

  it('publishes with a key once', async () => {
    const results = await Promise.all([1, 2].map(() => sluice.publish('chat:key', 1, { key: 'k' })));
    expect(results[0]).toEqual(results[1]);
  });

  it('rejects with the error of the catalogue', async () => {
    const refused = await sluice.publish('unknown', 1).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(BackendError);
    expect(refused).toMatchObject({ name: 'channel_unknown', code: 4305, status: 404, retryable: false });
    expect((refused as BackendError).message).toContain('"unknown"');
  });

  it('mints tokens that the gateway accepts', async () => {
    const token = mintToken({
      secret: SECRET,
      sub: 'ada',
      caps: { 'news:*': ['publish'] },
      claims: { role: 'editor' },
    });
    const { allowed } = await sluice.post('/api/v1/explain', { body: { channel: 'news:a', verb: 'publish', token } });
    expect(allowed).toBe(true);
    const wrong = mintToken({ secret: `${SECRET}!`, sub: 'ada' });
    const denied = await sluice.post('/api/v1/explain', { body: { channel: 'chat:a', verb: 'publish', token: wrong } });
    expect(denied.reason.kind).toBe('token');
    expect(() => mintToken({ secret: '', sub: 'ada' })).toThrow('secret');
    expect(() => mintToken({ secret: SECRET, sub: 'ada', expiresIn: 0 })).toThrow('expiresIn');
  });

  it('reads and acts', async () => {
    await sluice.put('/api/v1/channels/{channel}/members/{user}', {
      path: { channel: 'chat:room', user: 'a bot/1' },
      body: { state: 'here' },
    });
    expect(await collect(sluice.members('chat:room'))).toMatchObject([{ user: 'a bot/1', state: 'here' }]);
    const listed = { channel: 'chat:room', subscribers: 0, members: 1, bytes: 0 };
    expect(await collect(sluice.channels({ pattern: 'chat:room' }))).toMatchObject([listed]);
    await sluice.delete('/api/v1/channels/{channel}/members/{user}', {
      path: { channel: 'chat:room', user: 'a bot/1' },
    });
    expect(await collect(sluice.members('chat:room'))).toEqual([]);
    expect(await collect(sluice.channels({ pattern: 'chat:room' }))).toEqual([]);
    expect(await collect(sluice.connections())).toEqual([]);
    expect(await sluice.user('ada')).toMatchObject({ online: false });
    expect(await sluice.disconnect('ada')).toEqual({ connections: 0 });
    expect(await sluice.subscribe('ada', 'chat:a', { rewind: 1 })).toEqual({ connections: 0 });
    expect(await sluice.unsubscribe('ada', { pattern: 'chat:*' })).toEqual({ connections: 0, ended: 0 });
    expect(await sluice.recheck('ada')).toEqual({ connections: 0, ended: 0 });
    expect(await sluice.revoke({ user: 'ada' })).toMatchObject({ user: 'ada' });
    const { nodes } = await sluice.get('/api/v1/nodes', {});
    expect(nodes).toHaveLength(1);
  });
});

describe('a call that fails', () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  /** A server that gives these answers, one after the other. */
  async function answering(answers: readonly [status: number, body: object | string][]) {
    const bodies: unknown[] = [];
    const server = createServer(async (request, response) => {
      const chunks = (await request.toArray()) as Buffer[];
      bodies.push(JSON.parse(Buffer.concat(chunks).toString() || 'null'));
      const [status, body] = answers[bodies.length - 1] ?? [500, ''];
      if (status === 0) return void request.socket.destroy();
      response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body));
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return { bodies, backend: new Backend({ url, apiKey: API_KEY, retries: 2 }) };
  }

  const busy = { error: { name: 'unavailable', code: 4001, message: 'busy', retryable: true, retryAfter: 1 } };
  const done = { id: 'a', epoch: 'e', offset: 1 };

  it('is repeated with the same key', async () => {
    const { backend, bodies } = await answering([
      [503, busy],
      [0, ''],
      [200, done],
    ]);
    expect(await backend.publish('chat:a', 1)).toEqual(done);
    const keys = new Set(bodies.map((body) => (body as { key: string }).key));
    expect([bodies.length, keys.size]).toEqual([3, 1]);
  });

  it('is not repeated without end, nor if it must not be', async () => {
    const { backend, bodies } = await answering([
      [503, busy],
      [503, busy],
      [503, busy],
    ]);
    await expect(backend.publish('chat:a', 1)).rejects.toMatchObject({ name: 'unavailable', status: 503 });
    expect(bodies.length).toBe(3);
    const cut = await answering([[0, '']]);
    await expect(cut.backend.disconnect('ada')).rejects.toThrow();
    expect(cut.bodies.length).toBe(1);
  });

  it.each([
    ['no_responders', 4331, true],
    ['rate_limited', 4301, true],
    ['request_timeout', 4333, false],
    ['responder_lost', 4335, false],
    ['unavailable', 4001, false],
    ['internal', 4000, false],
  ])('that asks somebody is repeated after %s: only what was not begun', async (name, code, isRepeated) => {
    const error = { name, code, message: '', retryable: true, retryAfter: 1 };
    const { backend, bodies } = await answering([
      [503, { error }],
      [200, { done: true }],
    ]);
    const answer = backend.post('/api/v1/request', { body: { channel: 'pay', data: 1 } });
    if (isRepeated) expect(await answer).toEqual({ done: true });
    else await expect(answer).rejects.toMatchObject({ name });
    expect(bodies).toHaveLength(isRepeated ? 2 : 1);
  });

  it('names an answer that is not from a gateway', async () => {
    const { backend } = await answering([[404, '<html>']]);
    await expect(backend.get('/api/v1/nodes', {})).rejects.toMatchObject({ name: 'unknown', status: 404 });
  });
});

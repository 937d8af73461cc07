import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type ConfigInput, createGateway, type Gateway } from '../src/index.ts';
import { bundle } from './support/bundle.ts';
import { HookEndpoint } from './support/hook-endpoint.ts';
import { RedisServer } from './support/redis-server.ts';

const KEY = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const API_KEY = 'a-backend-key-for-webhooks';

/** Waits as long as a busy machine needs. */
const until = (check: () => unknown) => vi.waitFor(check, { timeout: 90_000, interval: 50 });

const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of cleanUp.splice(0).reverse()) await step();
});

async function listen(): Promise<HookEndpoint> {
  const endpoint = await HookEndpoint.start((_, response) => void response.writeHead(204).end());
  cleanUp.push(() => endpoint.close());
  return endpoint;
}

async function start(endpoint: { readonly url: string }, engine: Partial<ConfigInput>) {
  const gateway = createGateway({
    ...{ host: '127.0.0.1', port: 0, log: { level: 'silent' }, drain: 0, privateTargets: ['127.0.0.0/8'] },
    keys: [{ secret: '0123456789abcdef0123456789abcdef' }],
    apiKeys: [{ name: 'backend', secret: API_KEY }],
    channels: { 'chat:{room}': { history: true } },
    webhooks: { crm: { url: endpoint.url, events: ['message.published'], keys: [{ key: KEY }] } },
    ...engine,
  } as ConfigInput) as Gateway;
  cleanUp.push(() => gateway.close());
  const { url } = await gateway.start();
  return { gateway, url: url.replace('localhost', '127.0.0.1') };
}

const payloads = ({ requests }: HookEndpoint): unknown[] =>
  requests
    .flatMap(({ body }) => body as unknown as readonly { type: string; data: { message?: { data: unknown } } }[])
    .map(({ type, data }) => data.message?.data ?? type);

const call = async (url: string, path: string, init: RequestInit = {}) => {
  const headers = { authorization: `Bearer ${API_KEY}`, 'content-type': 'application/json' };
  const response = await fetch(`${url}/api/v1/webhooks${path}`, { ...init, headers });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};

describe('webhooks over HTTP', () => {
  it('report their state, and are tested, paused, resumed and replayed', async () => {
    const endpoint = await listen();
    const { gateway, url } = await start(endpoint, {});
    await gateway.publish('chat:a', 'first');
    await until(() => expect(payloads(endpoint)).toEqual(['first']));
    await until(async () =>
      expect((await call(url, '')).body).toMatchObject({ webhooks: [{ name: 'crm', lag: 0, halt: null }] }),
    );
    expect(await call(url, '/crm/pause', { method: 'POST' })).toMatchObject({ status: 200, body: { halt: 'paused' } });
    expect(await call(url, '/crm/test', { method: 'POST' })).toMatchObject({ status: 200 });
    expect(await call(url, '/crm/resume', { method: 'POST' })).toMatchObject({ body: { halt: null } });
    await until(() => expect(payloads(endpoint)).toEqual(['first', 'webhook.test']));
    await until(async () => expect((await call(url, '')).body).toMatchObject({ webhooks: [{ lag: 0 }] }));
    const replay = { method: 'POST', body: JSON.stringify({ from: 0 }) };
    expect(await call(url, '/crm/replay', replay)).toMatchObject({ body: { events: 2 } });
    await until(() => expect(payloads(endpoint).slice(2)).toEqual(['first', 'webhook.test']));
    for (const from of ['"now"', '1764300000'])
      expect(await call(url, '/crm/replay', { method: 'POST', body: `{"from":${from}}` })).toMatchObject({
        status: 400,
      });
    expect(await call(url, '/other/test', { method: 'POST' })).toMatchObject({ status: 404 });
  });

  it('are for operators; public keys are for everybody', async () => {
    const { url } = await start(await listen(), {});
    expect((await fetch(`${url}/api/v1/webhooks`)).status).toBe(401);
    expect(await (await fetch(`${url}/api/v1/webhooks/keys`)).json()).toEqual({ keys: [] });
  });
});

describe('webhooks on the durable engine', () => {
  it('are delivered after a restart', async () => {
    const data = await mkdtemp(join(tmpdir(), 'sluice-webhooks-'));
    cleanUp.push(() => rm(data, { recursive: true, force: true }));
    const endpoint = await listen();
    const closed = await HookEndpoint.start(() => undefined);
    const away = { url: closed.url };
    await closed.close();
    const first = await start(away, { engine: 'durable', durable: { data } });
    await first.gateway.publish('chat:a', 'while it was away');
    await until(async () => expect((await call(first.url, '')).body).toMatchObject({ webhooks: [{ lag: 1 }] }));
    await first.gateway.close();
    await start(endpoint, { engine: 'durable', durable: { data } });
    await until(() => expect(payloads(endpoint)).toEqual(['while it was away']));
  });
});

describe('webhooks on Redis', () => {
  it('are sent by one of two nodes, in order, and by the other when that one stops', async () => {
    const redis = await RedisServer.start();
    cleanUp.push(() => redis.stop());
    const endpoint = await listen();
    const engine = { engine: 'redis', redis: { url: redis.url } } as const;
    const nodes = [await start(endpoint, { ...engine, node: 'a' }), await start(endpoint, { ...engine, node: 'b' })];
    const [a, b] = nodes as [(typeof nodes)[0], (typeof nodes)[0]];
    for (let at = 0; at < 20; at++) await (at % 2 === 0 ? a : b).gateway.publish('chat:a', at);
    await until(() => expect(payloads(endpoint)).toHaveLength(20));
    expect(new Set(payloads(endpoint)).size).toBe(20);
    const { webhooks } = (await call(a.url, '')).body as { webhooks: { node: string }[] };
    const [sender, other] = webhooks[0]?.node === 'a' ? [a, b] : [b, a];
    await sender.gateway.close();
    await other.gateway.publish('chat:a', 'after');
    await until(() => expect(payloads(endpoint)).toContain('after'));
  });

  it('go on in order when the sender and the endpoint are killed', { timeout: 180_000 }, async () => {
    const program = await bundle('webhook-node.ts');
    cleanUp.push(() => program.remove());
    const redis = await RedisServer.start();
    cleanUp.push(() => redis.stop());
    let isDown = false;
    // An endpoint that is killed has received the request, and has not answered.
    const endpoint = await HookEndpoint.start((_, response) =>
      isDown ? void response.destroy() : void response.writeHead(204).end(),
    );
    cleanUp.push(() => endpoint.close());
    const startNode = async (node: string) => {
      const config = {
        ...{ node, engine: 'redis', redis: { url: redis.url } },
        apiKeys: [{ name: 'backend', secret: API_KEY }],
        webhooks: { crm: { url: endpoint.url, events: ['message.published'], keys: [{ key: KEY }] } },
      };
      const child = spawn(process.execPath, [program.path, JSON.stringify(config)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      cleanUp.push(() => child.kill('SIGKILL'));
      const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
      return { node, child, url: line.replace('localhost', '127.0.0.1') };
    };
    const nodes = [await startNode('a'), await startNode('b')];
    const publish = async (url: string, data: number) => {
      const body = JSON.stringify({ channel: 'chat:a', data });
      const headers = { authorization: `Bearer ${API_KEY}`, 'content-type': 'application/json' };
      expect((await fetch(`${url}/api/v1/publish`, { method: 'POST', body, headers })).status).toBe(200);
    };
    const sender = async (url: string) => {
      const { webhooks } = (await call(url, '')).body as { webhooks: { node?: string }[] };
      return nodes.find(({ node }) => node === webhooks[0]?.node);
    };
    for (let n = 1; n <= 20; n++) await publish(nodes[0]?.url ?? '', n);
    await until(() => expect(new Set(payloads(endpoint)).size).toBe(20));
    const first = (await sender(nodes[0]?.url ?? '')) ?? expect.fail('nobody sends');
    const other = nodes.find((node) => node !== first) ?? expect.fail('one node');
    isDown = true;
    for (let n = 21; n <= 40; n++) await publish(other.url, n);
    const before = endpoint.requests.length;
    await until(() => expect(endpoint.requests.length).toBeGreaterThan(before));
    first.child.kill('SIGKILL');
    for (let n = 41; n <= 60; n++) await publish(other.url, n);
    isDown = false;
    await until(() => expect(new Set(payloads(endpoint)).size).toBe(60));
    const firsts = [...new Set(payloads(endpoint))];
    expect(firsts).toEqual(Array.from({ length: 60 }, (_, at) => at + 1));
    expect(await sender(other.url)).toBe(other);
  });
});

import { afterEach, describe, expect, it } from 'vitest';
import type { HttpHookInput } from '../src/config/hook-options.ts';
import { parseConfig } from '../src/config/schema.ts';
import { HookEndpoint, type Respond } from './support/hook-endpoint.ts';
import { call, KEYS, startManaged, startTwo } from './support/managed-gateways.ts';
import { SECRET, tokenFor } from './support/tokens.ts';
import { createWorld } from './support/world.ts';

const KEY = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const chat = { channel: 'chat:lobby' } as const;
const SECRET_TEXT = 'what-nobody-else-may-read';

const endpoints: HookEndpoint[] = [];
afterEach(async () => {
  await Promise.all(endpoints.splice(0).map((endpoint) => endpoint.close()));
});

async function listen(respond: Respond): Promise<HookEndpoint> {
  const endpoint = await HookEndpoint.start(respond);
  endpoints.push(endpoint);
  return endpoint;
}

const configOf = ({ url }: HookEndpoint, options: Partial<HttpHookInput> = {}, name = 'app') => ({
  privateTargets: ['127.0.0.0/8'],
  hooks: { [name]: { url, on: ['publish' as const], channels: ['chat:**'], keys: [{ key: KEY }], ...options } },
});
const fail: Respond = (_, response) => void response.writeHead(503).end(SECRET_TEXT);
const allow: Respond = () => ({ allow: true });
const OK = { calls: 1, failed: 0, timedOut: 0, notSent: 0 };

async function start(endpoint: HookEndpoint, options: Partial<HttpHookInput> = {}) {
  const config = { ...configOf(endpoint, options), channels: { 'chat:{room}': { allow: { '*': 'users' as const } } } };
  const world = await createWorld(config);
  const { client } = await world.connect(await tokenFor('ada', { clock: () => world.clock.now() }));
  const publish = () => client.request({ type: 'publish', ...chat, data: SECRET_TEXT });
  const reload = (changes: Partial<HttpHookInput>, name?: string) => {
    const hooks = configOf(endpoint, { ...options, ...changes }, name);
    return world.gateway.reload(parseConfig({ ...config, ...hooks, port: 0, keys: [{ secret: SECRET }] }));
  };
  return { world, client, publish, reload, hook: () => world.gateway.manage.hook('app') };
}

describe('the state of a hook', () => {
  it('is ok before the first call', async () => {
    const { hook } = await start(await listen(allow));
    expect(await hook()).toEqual({
      ...{ name: 'app', on: ['publish'], channels: ['chat:**'], onFailure: 'deny', state: 'ok' },
      nodes: [{ node: expect.any(String), state: 'ok', failures: 0 }],
      ...{ ...OK, calls: 0, operations: {}, cache: { hits: 0, fallbacks: 0 } },
      duration: { calls: 0, mean: 0, longest: 0 },
    });
  });

  it('is failing, then paused, then ok again, and names the cause without what was sent', async () => {
    const endpoint = await listen(fail);
    const { world, publish, hook } = await start(endpoint);
    await publish();
    expect(await hook()).toMatchObject({ state: 'failing', calls: 1, failed: 1 });
    for (let at = 0; at < 5; at++) await publish();
    const paused = await hook();
    expect(paused).toMatchObject({
      ...{ state: 'paused', calls: 6, failed: 6, notSent: 1, duration: { calls: 5 } },
      nodes: [{ state: 'paused', failures: 5 }],
      lastError: { operation: 'publish', failure: 'status', status: 503, time: world.clock.now() },
    });
    expect(JSON.stringify(paused)).not.toContain(SECRET_TEXT);
    endpoint.respond = allow;
    world.clock.advance(1_200);
    await publish();
    expect(await hook()).toMatchObject({ state: 'ok', calls: 7, failed: 6, lastAnswered: world.clock.now() });
  });

  it('is in the metrics, also after a reload that replaces or removes the hook', async () => {
    const { world, publish, reload } = await start(await listen(fail));
    const paused = async () =>
      (await world.assembly.metrics.text()).split('\n').filter((line) => line.startsWith('sluice_hook_paused'));
    expect(await paused()).toEqual(['sluice_hook_paused{hook="app"} 0']);
    for (let at = 0; at < 5; at++) await publish();
    expect(await paused()).toEqual(['sluice_hook_paused{hook="app"} 1']);
    await reload({ timeout: '2s' });
    expect(await paused()).toEqual(['sluice_hook_paused{hook="app"} 0']);
    for (let at = 0; at < 5; at++) await publish();
    await reload({}, 'other');
    expect(await paused()).toEqual(['sluice_hook_paused{hook="other"} 0']);
  });

  it('counts calls without an answer in time', async () => {
    const endpoint = await listen(() => undefined);
    const { world, publish, hook } = await start(endpoint);
    const answered = publish();
    await world.until(() => endpoint.requests.length === 1);
    world.clock.advance(1_000);
    await answered;
    expect(await hook()).toMatchObject({
      timedOut: 1,
      duration: { calls: 1, mean: 1_000 },
      lastError: { failure: 'timeout' },
    });
  });

  it('counts answers that were remembered', async () => {
    const endpoint = await listen(allow);
    const { world, client, hook } = await start(endpoint, { on: ['subscribe'], ttl: '1m', onFailure: 'cached' });
    const again = async () => {
      await client.result({ type: 'subscribe', ...chat });
      await client.result({ type: 'unsubscribe', ...chat });
    };
    await again();
    await again();
    expect(await hook()).toMatchObject({ calls: 1, cache: { hits: 1, fallbacks: 0 } });
    endpoint.respond = fail;
    world.clock.advance(60_000);
    await again();
    expect(await hook()).toMatchObject({ calls: 2, failed: 1, cache: { hits: 1, fallbacks: 1 } });
  });

  it('outlives a reload that changes the hook', async () => {
    const endpoint = await listen(fail);
    const { publish, reload, hook } = await start(endpoint);
    await publish();
    expect((await reload({ onFailure: 'allow' })).changes).toEqual(['hooks: changed "app"']);
    await publish();
    expect(await hook()).toMatchObject({ onFailure: 'allow', calls: 2, failed: 2 });
  });
});

describe('GET /api/v1/hooks', () => {
  it('reports hooks over all nodes, and one of them', async () => {
    const endpoint = await listen(allow);
    const { one, two, nodes } = await startTwo(undefined, configOf(endpoint));
    const { client } = await two.connect(await tokenFor('ada'));
    await client.result({ type: 'publish', ...chat, data: 1 });
    const { status, json } = await call(one, '/hooks');
    expect(status).toBe(200);
    expect(json).toMatchObject({
      hooks: [
        {
          ...{ name: 'app', state: 'ok', ...OK, operations: { publish: OK } },
          nodes: [{ node: 'one' }, { node: 'two' }],
        },
      ],
    });
    expect((await call(one, '/hooks/app')).json).toEqual(json.hooks[0]);
    nodes.deaf = true;
    expect((await call(one, '/hooks/app')).json).toMatchObject({ calls: 0, missing: ['two'] });
  });

  it.each([
    ['/hooks', KEYS.chats, 403, 'permission_denied'],
    ['/hooks/app', KEYS.chats, 403, 'permission_denied'],
    ['/hooks', 'wrong', 401, 'unauthorized'],
    ['/hooks/nobody', KEYS.root, 404, 'not_found'],
    ['/hooks?limit=1', KEYS.root, 400, 'command_invalid'],
  ])('refuses %s with the key %s: %i', async (path, bearer, status, name) => {
    const gateway = await startManaged(configOf(await listen(allow)));
    expect(await call(gateway, path, { bearer })).toMatchObject({ status, json: { error: { name } } });
  });

  it('lists nothing without hooks', async () => {
    expect((await call(await startManaged(), '/hooks')).json).toEqual({ hooks: [] });
  });
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Client, createClient, type SluiceError } from '@sluice/client';
import { request } from '@sluice/client/requests';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import WebSocket from 'ws';
import type { ConfigInput } from '../src/config/config.ts';
import { HookEndpoint } from './support/hook-endpoint.ts';
import { startManaged } from './support/managed-gateways.ts';
import type { RealGateway } from './support/real-gateway.ts';
import { startRedis } from './support/redis-server.ts';
import { tokenFor } from './support/tokens.ts';

const folders: string[] = [];
const clients: Client[] = [];
const endpoints: HookEndpoint[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await Promise.all(endpoints.splice(0).map((endpoint) => endpoint.close()));
});
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function durable(): ConfigInput {
  const data = mkdtempSync(join(tmpdir(), 'sluice-'));
  folders.push(data);
  return { engine: 'durable', durable: { data } };
}

const ENGINES: readonly (readonly [string, () => Promise<ConfigInput>])[] = [
  ['memory', async () => ({})],
  ['durable', async () => durable()],
  ['redis', async () => ({ engine: 'redis', redis: { url: (await startRedis()).url } })],
];

/** A backend that denies everything about the staff, and connections of Mallory. */
async function startBackend(): Promise<HookEndpoint> {
  const endpoint = await HookEndpoint.start(({ body }) => {
    if (body.hook === 'connect')
      return body.user === 'mallory' ? { allow: false, message: 'Mallory is banned.' } : { allow: true };
    return {
      answers: body.calls.map(({ channel }) =>
        String(channel).endsWith(':staff')
          ? { allow: false, message: `${String(body.hook)}: staff only.` }
          : { allow: true },
      ),
    };
  });
  endpoints.push(endpoint);
  return endpoint;
}

async function start(engine: ConfigInput, backend = startBackend()): Promise<RealGateway> {
  const { url } = await backend;
  const keys = [{ key: `whsec_${Buffer.alloc(32, 7).toString('base64')}` }];
  const on = ['connect', 'subscribe', 'publish', 'enter', 'request', 'recheck'] as const;
  return startManaged({
    ...engine,
    privateTargets: ['127.0.0.0/8'],
    channels: {
      'chat:{room}': { allow: { '*': 'users', request: 'users' }, history: true, presence: { grace: 0 } },
    },
    hooks: { app: { url, on, keys } },
  });
}

function open({ url }: RealGateway, user = 'ada'): Client {
  const client = createClient({ url: `${url.replace('http', 'ws')}/ws`, WebSocket, token: () => tokenFor(user) });
  clients.push(client);
  return client;
}

const refusal = (work: Promise<unknown>): Promise<SluiceError> =>
  work.then(
    () => expect.fail('it was not refused'),
    (error: SluiceError) => error,
  );

describe.each(ENGINES)('hooks on the engine %s', (_, engine) => {
  it('deny by name and text, and the SDK reports both', async () => {
    const gateway = await start(await engine());
    const client = open(gateway);
    const staff = client.channel('chat:staff');
    const errors = [
      await refusal(staff.subscribe(() => {}, { onError: () => {} }).ready),
      await refusal(staff.publish('Hi')),
      await refusal(staff.history()),
      await refusal(request(staff, 1)),
    ];
    expect(errors.map(({ name, message }) => [name, message])).toEqual([
      ['permission_denied', 'subscribe: staff only.'],
      ['permission_denied', 'publish: staff only.'],
      ['permission_denied', 'subscribe: staff only.'],
      ['permission_denied', 'request: staff only.'],
    ]);
    const banned = await refusal(open(gateway, 'mallory').connect());
    expect([banned.name, banned.message]).toEqual(['connect_denied', expect.stringContaining('Mallory is banned.')]);
  });

  it('let through what they allow, in order', async () => {
    const gateway = await start(await engine());
    const client = open(gateway);
    const seen: unknown[] = [];
    const lobby = client.channel('chat:lobby');
    await lobby.subscribe(({ data }) => seen.push(data)).ready;
    await Promise.all(Array.from({ length: 20 }, (_unused, at) => lobby.publish(at)));
    await vi.waitFor(() => expect(seen).toHaveLength(20), { timeout: 60_000 });
    expect(seen).toEqual(Array.from({ length: 20 }, (_unused, at) => at));
  });
});

/** A backend whose answers to everything but `connect` are invalid. */
async function startBrokenBackend(): Promise<HookEndpoint> {
  const endpoint = await HookEndpoint.start(({ body }) => (body.hook === 'connect' ? { allow: true } : {}));
  endpoints.push(endpoint);
  return endpoint;
}

describe('a hook that fails', () => {
  it('is what the SDK reports for every operation that waits for it', async () => {
    const client = open(await start({}, startBrokenBackend()));
    const lobby = client.channel('chat:lobby');
    const entered = new Promise<SluiceError>((resolve) => client.on('error', resolve));
    const subscribed = new Promise<SluiceError>((onError) => lobby.subscribe(() => {}, { onError }));
    void lobby.presence.enter().catch(() => {});
    const errors = await Promise.all([
      subscribed,
      refusal(lobby.publish('Hi', { timeout: 1_500 })),
      entered,
      refusal(request(lobby, 1)),
    ]);
    // After several failures the hook is not asked for a while.
    const message = expect.stringMatching(/^the hook "app" gave no answer \(\w+\)$/);
    expect(errors.map((error) => [error.name, error.message])).toEqual(Array(4).fill(['unavailable', message]));
  });
});

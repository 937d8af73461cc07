import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { ConfigInput } from '../src/config/config.ts';
import { call, KEYS, startManaged } from './support/managed-gateways.ts';
import { startRedis } from './support/redis-server.ts';
import { tokenFor } from './support/tokens.ts';

const DELETE = { method: 'DELETE' } as const;

const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

const ENGINES: readonly (readonly [string, () => Promise<ConfigInput>])[] = [
  ['memory', async () => ({})],
  [
    'durable',
    async () => {
      const folder = await mkdtemp(join(tmpdir(), 'sluice-purge-'));
      folders.push(folder);
      return { engine: 'durable', durable: { data: folder } };
    },
  ],
  ['redis', async () => ({ engine: 'redis', redis: { url: (await startRedis()).url } })],
];

describe('DELETE /api/v1/channels/{channel}/messages', () => {
  it.each(ENGINES)('removes messages, and reports a gap to who missed them, on the engine %s', async (_, engine) => {
    const gateway = await startManaged(await engine());
    for (let n = 1; n <= 5; n++) await gateway.gateway.publish('chat:a', n);
    const { json } = await call(gateway, '/channels/chat:a/messages?upTo=3', { ...DELETE, bearer: KEYS.chats });
    expect(json).toEqual({ epoch: expect.any(String), head: 5, first: 4 });
    expect((await call(gateway, '/channels/chat:a/messages')).json.messages).toMatchObject([{ data: 4 }, { data: 5 }]);
    const { client } = await gateway.connect(await tokenFor('ada'));
    await client.result({ type: 'subscribe', channel: 'chat:a', position: { epoch: json.epoch, offset: 1 } });
    await client.messages('chat:a', 2);
    const gap = client.received.find(({ type }) => type === 'gap');
    expect(gap).toMatchObject({ from: { offset: 1 }, to: { offset: 3 }, reason: 'purged' });
    expect(await gateway.gateway.publish('chat:a', 6)).toMatchObject({ offset: 6 });
  });

  it('keeps what was purged in mind after a restart of the durable engine', async () => {
    const config = await ENGINES[1]?.[1]();
    const before = await startManaged(config);
    for (let n = 1; n <= 3; n++) await before.gateway.publish('chat:a', n);
    await call(before, '/channels/chat:a/messages?upTo=2', DELETE);
    await before.stop();
    const after = await startManaged(config);
    const { json } = await call(after, '/channels/chat:a/position');
    expect(json).toMatchObject({ head: 3, first: 3 });
    const { client } = await after.connect(await tokenFor('ada'));
    await client.result({ type: 'subscribe', channel: 'chat:a', position: { epoch: json.epoch, offset: 0 } });
    expect(await client.push('gap')).toMatchObject({ reason: 'purged' });
  });

  it.each([
    ['/channels/chat:a/messages', 400, 'command_invalid'],
    ['/channels/chat:a/messages?upTo=0', 400, 'command_invalid'],
    ['/channels/chat:a/messages?upTo=1&after=2', 400, 'command_invalid'],
    ['/channels/unknown/messages?upTo=1', 404, 'channel_unknown'],
    ['/channels/jobs:a/messages?upTo=1', 400, 'command_invalid'],
  ])('refuses %s', async (path, status, error) => {
    const channels = { 'chat:{room}': {}, 'jobs:{kind}': { queue: {} } };
    const { status: got, json } = await call(await startManaged({ channels }), path, DELETE);
    expect([got, json.error.name]).toEqual([status, error]);
  });

  it('is reported to observers if it was done', async () => {
    const gateway = await startManaged({
      channels: { 'chat:{room}': { history: true }, 'jobs:{kind}': { queue: {} } },
    });
    const audited: unknown[] = [];
    gateway.services.events.on('managed', (event) => audited.push(event));
    for (const channel of ['jobs:a', 'chat:a']) await call(gateway, `/channels/${channel}/messages?upTo=1`, DELETE);
    expect(audited).toMatchObject([{ action: 'purge', target: 'chat:a', by: 'root' }]);
  });

  it('needs "manage" on the channel', async () => {
    const gateway = await startManaged();
    const { status } = await call(gateway, '/channels/chat:a/messages?upTo=1', { ...DELETE, bearer: KEYS.reader });
    expect(status).toBe(403);
  });
});

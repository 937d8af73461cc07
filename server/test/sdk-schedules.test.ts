import { type Client, createClient } from '@sluice/client';
import { schedule, unschedule } from '@sluice/client/schedules';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import WebSocket from 'ws';
import { startTestGateway, type TestGateway } from '../src/testing/index.ts';

/** Waits as long as a busy machine needs. */
const until = (check: () => unknown) => vi.waitFor(check, { timeout: 60_000 });

let gateway: TestGateway;
let client: Client;

beforeAll(async () => {
  const history = { age: '30d' } as const;
  gateway = await startTestGateway({
    channels: {
      'user:{id}': { allow: { '*': 'owner:{id}' }, history, schedule: { maxDelay: '30d', max: 3 } },
      'news:{topic}': { allow: { '*': 'users' }, history },
    },
  });
  client = createClient({ url: gateway.url, WebSocket, token: () => gateway.token('ada') });
});

afterAll(async () => {
  client.close();
  await gateway.close();
});

describe('a message scheduled in the browser', () => {
  it('is published when it is due, as its author sent it, and expires after that', async () => {
    const channel = client.channel('user:ada');
    const seen: unknown[] = [];
    await channel.subscribe(({ data, event, tags, from }) => void seen.push({ data, event, tags, from })).ready;
    const at = new Date(gateway.clock.now() + 3_600_000);
    const options = { at, event: 'reminder', tags: { by: 'ada' }, ttl: 60_000 };
    const result = await schedule(channel, 'call Ben', options);
    expect(result).toEqual({ id: expect.any(String), at: at.getTime() });
    await gateway.clock.advance('59m');
    expect(seen).toEqual([]);
    await gateway.clock.advance('1m');
    await until(() => expect(seen).toHaveLength(1));
    expect(seen).toEqual([{ data: 'call Ben', event: 'reminder', tags: { by: 'ada' }, from: 'ada' }]);
    expect((await channel.history({ limit: 1 })).messages).toHaveLength(1);
    await gateway.clock.advance('1m');
    expect((await channel.history({ limit: 1 })).messages).toEqual([]);
  });

  it('is withdrawn by its author, once', async () => {
    const channel = client.channel('user:ada');
    const message = await schedule(channel, 1, { delay: 3_600_000 });
    await unschedule(channel, message);
    await expect(unschedule(channel, message)).rejects.toMatchObject({ name: 'not_scheduled' });
  });

  it('is accepted once with its key', async () => {
    const channel = client.channel('user:ada');
    const options = { delay: 60_000, key: 'once' };
    const first = await schedule(channel, 1, options);
    expect(await schedule(channel, 1, options)).toEqual(first);
    await unschedule(channel, first);
  });

  it('is refused with a name', async () => {
    const channel = client.channel('user:ada');
    const later = { delay: 60_000 };
    await expect(schedule(client.channel('news:a'), 1, later)).rejects.toMatchObject({
      name: 'command_invalid',
      message: expect.stringContaining('"schedule"'),
    });
    await expect(schedule(client.channel('user:ben'), 1, later)).rejects.toMatchObject({ name: 'permission_denied' });
    await expect(schedule(channel, 1, { delay: 31 * 86_400_000 })).rejects.toMatchObject({ name: 'command_invalid' });
    const waiting = await Promise.all([1, 2, 3].map((data) => schedule(channel, data, later)));
    await expect(schedule(channel, 4, { ...later, timeout: 500 })).rejects.toMatchObject({
      name: 'too_many_scheduled',
    });
    for (const message of waiting) await unschedule(channel, message);
  });
});

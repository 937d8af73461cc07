import { type Client, createClient } from '@sluice/client';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import WebSocket from 'ws';
import { startTestGateway, type TestGateway } from '../src/testing/index.ts';

/** Waits as long as a busy machine needs. */
const until = (check: () => unknown) => vi.waitFor(check, { timeout: 60_000 });

let gateway: TestGateway;
let client: Client;

beforeAll(async () => {
  gateway = await startTestGateway({
    channels: {
      'user:{id}': { allow: { '*': 'owner:{id}' }, history: { age: '30d' }, schedule: { maxDelay: '30d' } },
      'news:{topic}': { allow: { '*': 'users' }, history: { age: '30d' } },
    },
    schedules: { digest: { channel: 'news:digest', cron: '0 9 * * *', data: 'digest' } },
  });
  client = createClient({ url: gateway.url, WebSocket, token: () => gateway.token('ada') });
});

afterAll(async () => {
  client.close();
  await gateway.close();
});

async function post(path: string, body: object): Promise<{ readonly id: string; readonly at: number }> {
  const headers = { Authorization: `Bearer ${gateway.apiKey}` };
  const response = await fetch(`${gateway.httpUrl}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  expect(response.status).toBe(200);
  return (await response.json()) as { id: string; at: number };
}

describe("the test kit's clock", () => {
  it('makes scheduled messages due, unless they were withdrawn', async () => {
    const channel = 'user:ada';
    const seen: unknown[] = [];
    await client.channel(channel).subscribe(({ data }) => void seen.push(data)).ready;
    const at = gateway.clock.now() + 86_400_000;
    expect(await post('/api/v1/schedule', { channel, data: 'reminder', at })).toMatchObject({ at });
    const { id } = await post('/api/v1/schedule', { channel, data: 'withdrawn', delay: 3_600_000 });
    await post('/api/v1/unschedule', { channel, message: id });
    await gateway.clock.advance('23h');
    expect(seen).toEqual([]);
    await gateway.clock.advance('1h');
    await until(() => expect(seen).toEqual(['reminder']));
  });

  it('makes recurring messages due, once a day', async () => {
    const seen: unknown[] = [];
    await client.channel('news:digest').subscribe(({ data }) => void seen.push(data)).ready;
    for (let hour = 0; hour < 48; hour++) await gateway.clock.advance('1h');
    await until(() => expect(seen).toEqual(['digest', 'digest']));
  });
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@sluice/client';
import { afterEach, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { type RealGateway, startGateway } from './support/real-gateway.ts';
import { tokenFor } from './support/tokens.ts';

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'sluice-'));
  cleanups.push(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

async function start(data: string, port = 0): Promise<RealGateway> {
  const gateway = await startGateway({ engine: 'durable', durable: { data }, drain: 0, port });
  cleanups.push(() => gateway.stop());
  return gateway;
}

describe('a gateway with the durable engine, restarted', () => {
  it('resumes its clients without a gap, keeps their history, and appends no publish twice', async () => {
    const data = folder();
    const first = await start(data);
    const token = () => tokenFor('ada');
    const client = createClient({ url: `${first.url}/ws`, WebSocket, token });
    cleanups.push(() => client.close());
    const chat = client.channel<number>('chat:lobby');
    const received: unknown[] = [];
    const subscription = chat.subscribe((message) => received.push(message.data), {
      onGap: () => received.push('gap'),
    });
    await subscription.ready;
    for (let n = 1; n <= 20; n++) await chat.publish(n, { key: `k${n}` });
    const kept = await chat.publish(20, { key: 'k20' });
    await expect.poll(() => received.length).toBe(20);

    await first.stop();
    const second = await start(data, first.port);
    await second.gateway.publish('chat:lobby', 21);
    await expect.poll(() => received.length).toBe(21);
    expect(await chat.publish(20, { key: 'k20' })).toEqual(kept);
    await chat.publish(22);
    await expect.poll(() => received.length).toBe(22);
    expect(received).toEqual(Array.from({ length: 22 }, (_, at) => at + 1));

    const page = await chat.history({ limit: 100 });
    expect(page.messages.map((message) => message.data)).toEqual(received);
  });

  it('still refuses tokens that were revoked', async () => {
    const data = folder();
    const first = await start(data);
    const token = await tokenFor('ada'); // one of a later second is valid
    await first.gateway.revoke({ user: 'ada' });
    await first.stop();
    const second = await start(data);
    const { client } = await second.open();
    expect(await client.request({ type: 'connect', token })).toMatchObject({
      error: { name: 'token_revoked' },
    });
  });

  it('refuses a folder that another gateway uses', async () => {
    const data = folder();
    await start(data);
    await expect(start(data)).rejects.toThrow('in use by another gateway');
  });
});

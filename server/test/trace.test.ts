import { type Client, createClient, type Message } from '@sluice/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { startTestGateway, type TestGateway } from '../src/testing/index.ts';

const ONE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const OTHER = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00';

let gateway: TestGateway;
let client: Client;

beforeAll(async () => {
  const open = { allow: { '*': 'users' }, history: true } as const;
  gateway = await startTestGateway({
    channels: { 'chat:{room}': { ...open, schedule: { maxDelay: '1h', max: 10 } }, all: { ...open, bind: ['chat:*'] } },
  });
  client = createClient({ url: gateway.url, WebSocket, token: () => gateway.token('ada') });
});

afterAll(async () => {
  client.close();
  await gateway.close();
});

/** Publishes over HTTP as a user. */
async function post(path: string, body: unknown, headers: Record<string, string> = {}) {
  const url = gateway.url.replace(/^ws/, 'http').replace(/\/ws$/, '');
  const response = await fetch(`${url}/api/v1/${path}`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${await gateway.token('ada')}`, 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  return { status: response.status, json: (await response.json()) as { error?: { message: string } } };
}

const traceOf = (message: object): unknown => ('trace' in message ? message.trace : undefined);

let rooms = 0;

/** A channel, and the messages that a handler of the SDK receives there. */
async function room(name = `chat:${++rooms}`) {
  const received: Message[] = [];
  const waiting = new Set<() => void>();
  const channel = client.channel(name);
  const subscription = channel.subscribe((message) => {
    received.push(message);
    for (const look of waiting) look();
  });
  await subscription.ready;
  const traces = (count: number) =>
    new Promise<unknown[]>((resolve) => {
      const look = () => {
        if (received.length >= count) resolve(received.map(traceOf));
      };
      waiting.add(look);
      look();
    });
  return { name, channel, traces };
}

describe('the trace of a message', () => {
  it('reaches the handler of a client from a publish over HTTP', async () => {
    const { name, traces } = await room();
    await post('publish', { channel: name, data: 1 }, { traceparent: ONE });
    await post('publish', { channel: name, data: 2, trace: OTHER }, { traceparent: ONE });
    await post('publish', [{ channel: name, data: 3 }], { traceparent: ONE });
    await post('publish', { channel: name, data: 4 });
    expect(await traces(4)).toEqual([ONE, OTHER, ONE, undefined]);
  });

  it('reaches it from a publish of the SDK and of the program, and is in the history', async () => {
    const { name, channel, traces } = await room();
    const options = { trace: ONE, event: 'said', tags: { a: 'b' } };
    await channel.publish(1, options);
    await gateway.publish(name, 2, { trace: OTHER });
    expect(await traces(2)).toEqual([ONE, OTHER]);
    expect((await channel.history()).messages.map(traceOf)).toEqual([ONE, OTHER]);
  });

  it('is kept by copies and by scheduled messages', async () => {
    const all = await room('all');
    const { name } = await room();
    await post('publish', { channel: name, data: 1 }, { traceparent: ONE });
    await post('schedule', { channel: name, data: 2, delay: 1, trace: OTHER });
    expect((await all.traces(2)).slice(-2)).toEqual([ONE, OTHER]);
  });

  it.each(['', 'garbage', `${ONE}-extra`, ONE.toUpperCase(), ONE.replace(/^00/, 'ff')])(
    'is ignored in a malformed header: "%s"',
    async (traceparent) => {
      const { name, traces } = await room();
      expect((await post('publish', { channel: name, data: 1 }, { traceparent })).status).toBe(200);
      expect(await traces(1)).toEqual([undefined]);
    },
  );

  it('is refused as a field if it is malformed', async () => {
    const { name, channel } = await room();
    const { status, json } = await post('publish', { channel: name, data: 1, trace: 'abc' });
    expect([status, json.error?.message]).toEqual([400, expect.stringContaining('"trace" must be a traceparent')]);
    const malformed = { trace: 'abc', event: 'said' };
    await expect(channel.publish(1, malformed)).rejects.toMatchObject({ name: 'command_invalid' });
  });
});

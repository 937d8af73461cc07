import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Client } from '../src/api.ts';
import type { Gap, Message } from '../src/channel-api.ts';
import { connectedClient, restoreGlobals } from './support/connected-client.ts';
import { type FakeGateway, pass, turn } from './support/fake-gateway.ts';

let gateway: FakeGateway;
let client: Client;

beforeEach(async () => {
  ({ gateway, client } = await connectedClient());
});

afterEach(restoreGlobals);

/** Runs a loop over messages and records its events. */
function loop(messages: AsyncIterable<Message<number>>, until = Number.POSITIVE_INFINITY) {
  const seen: (number | string)[] = [];
  const run = async () => {
    for await (const { data } of messages) {
      seen.push(data);
      if (data === until) break;
    }
    return 'done';
  };
  return { seen, end: run() };
}

it('yields live messages until the loop breaks', async () => {
  const { seen, end } = loop(client.channel<number>('a'), 3);
  await turn();
  gateway.socket.subscribed();
  gateway.socket.messages('a', [1, 2]);
  await turn();
  expect(seen).toEqual([1, 2]);
  gateway.socket.messages('a', [3, 4]);
  await expect(end).resolves.toBe('done');
  await turn();
  expect([seen, gateway.socket.sent('unsubscribe').length]).toEqual([[1, 2, 3], 1]);
});

it('yields gaps between the messages before and after', async () => {
  const order: (number | string)[] = [];
  const onGap = (gap: Gap) => order.push(`gap ${gap.lost}`);
  const run = async () => {
    for await (const { data } of client.channel<number>('a').messages({ rewind: 9, onGap })) order.push(data);
  };
  const end = run();
  await turn();
  expect(gateway.socket.last('subscribe')).toMatchObject({ rewind: 9 });
  gateway.socket.subscribed();
  gateway.socket.messages('a', [1]);
  const position = (offset: number) => ({ epoch: 'e1', offset });
  gateway.socket.push({ type: 'gap', channel: 'a', from: position(1), to: position(3), reason: 'slow_reader' });
  gateway.socket.messages('a', [4]);
  client.close();
  await end;
  expect(order).toEqual([1, 'gap 2', 4]);
});

it('ends with the client, after the messages that have arrived', async () => {
  const { seen, end } = loop(client.channel<number>('a'));
  await turn();
  gateway.socket.subscribed();
  gateway.socket.messages('a', [1, 2]);
  client.close();
  await expect(end).resolves.toBe('done');
  expect(seen).toEqual([1, 2]);
});

it('ends immediately when its signal aborts', async () => {
  const controller = new AbortController();
  const { seen, end } = loop(client.channel<number>('a').messages({ signal: controller.signal }));
  await turn();
  gateway.socket.subscribed();
  gateway.socket.messages('a', [1]);
  controller.abort();
  await expect(end).resolves.toBe('done');
  expect(seen).toEqual([]);
});

it('throws on a refusal, and on a final refusal of the connection', async () => {
  const denied = loop(client.channel<number>('a'));
  const closed = loop(client.channel<number>('b'));
  await turn();
  const [a] = gateway.socket.sent('subscribe');
  const error = { code: 4306, name: 'permission_denied', message: 'no', retryable: false };
  gateway.socket.push({ type: 'error', id: a?.id ?? 0, error });
  await expect(denied.end).rejects.toMatchObject({ name: 'permission_denied' });
  gateway.socket.drop(4209, 'protocol_violation');
  await expect(closed.end).rejects.toMatchObject({ name: 'protocol_violation' });
});

it('survives a retryable refusal', async () => {
  const { end } = loop(client.channel<number>('a'));
  await turn();
  gateway.socket.refuse('subscribe', 'unavailable', { retryable: true });
  await pass(250);
  gateway.socket.subscribed();
  await turn();
  client.close();
  await expect(end).resolves.toBe('done');
});

it('buffers at most 1,000 messages for a slow loop, and resumes after them', async () => {
  const stream = client.channel<number>('a').messages();
  const first = stream.next();
  await turn();
  gateway.socket.subscribed();
  const offsets = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => from + n);
  gateway.socket.messages('a', [1]);
  await expect(first).resolves.toMatchObject({ value: { data: 1 } });
  gateway.socket.messages('a', offsets(2, 1500));
  await turn();
  expect(gateway.socket.sent('unsubscribe')).toHaveLength(1);
  gateway.socket.reply('unsubscribe', {});
  for (const offset of offsets(2, 1001)) {
    await expect(stream.next()).resolves.toMatchObject({ value: { data: offset } });
  }
  const next = stream.next();
  await turn();
  expect(gateway.socket.last('subscribe').position).toEqual({ epoch: 'e1', offset: 1001 });
  gateway.socket.subscribed(1001, 'replaying');
  gateway.socket.messages('a', offsets(1002, 1500));
  await expect(next).resolves.toMatchObject({ value: { data: 1002 } });
  await stream.return();
});

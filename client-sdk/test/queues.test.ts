import { getEventListeners } from 'node:events';
import { ERRORS, errorBody, type Delivery as WireDelivery } from '@sluice/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Client } from '../src/api.ts';
import { type ConsumeOptions, consume, type Delivery, NackError } from '../src/queues/index.ts';
import { FakeGateway, pass, turn, wireMessage } from './support/fake-gateway.ts';

let gateway: FakeGateway;
let client: Client;
/** Finishes the handler of a delivery, by offset; with an error it fails. */
let finish: Map<number, (error?: Error) => void>;
let seen: Delivery[];

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, 'random').mockReturnValue(0);
  gateway = new FakeGateway();
  client = gateway.client({ token: () => 'token' });
  finish = new Map();
  seen = [];
});

afterEach(() => {
  client.close();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const handler = (delivery: Delivery) =>
  new Promise<void>((resolve, reject) => {
    seen.push(delivery);
    finish.set(delivery.message.offset, (error) => (error ? reject(error) : resolve()));
  });

async function accept(ackTimeout = 30_000): Promise<void> {
  await turn();
  await gateway.socket.accept();
  gateway.socket.reply('consume', { group: 'queue', prefetch: 10, ackTimeout });
  await turn();
}

async function begin(options: ConsumeOptions = {}) {
  const consumer = consume(client.channel('a'), handler, { onError: () => {}, ...options });
  await accept();
  return consumer;
}

const delivery = (offset: number): WireDelivery => ({
  ...{ id: `d${offset}`, attempt: 1, deadline: 0 },
  message: wireMessage(offset),
});

const deliver = (...offsets: number[]) =>
  gateway.socket.push({
    ...{ type: 'deliveries', channel: 'a', group: 'queue', epoch: 'e1' },
    deliveries: offsets.map(delivery),
  });

const settled = () =>
  gateway.socket.commands.filter(({ type }) => type === 'ack' || type === 'nack').map(({ id, ...rest }) => rest);

describe('a consumer', () => {
  it('acknowledges in one command what is finished in one turn', async () => {
    await begin({ group: 'queue', prefetch: 3 });
    expect(gateway.socket.last('consume')).toMatchObject({ group: 'queue', prefetch: 3 });
    deliver(1, 2, 3);
    for (const offset of [3, 1]) finish.get(offset)?.();
    await turn();
    expect(settled()).toMatchObject([{ type: 'ack', group: 'queue', deliveries: ['d3', 'd1'] }]);
  });

  it('refuses what failed, with the delay or the reason that the handler chose', async () => {
    await begin();
    deliver(1, 2, 3);
    finish.get(1)?.(new Error('secret'));
    finish.get(2)?.(new NackError('', { delay: 500 }));
    finish.get(3)?.(new NackError('no address', { dead: true }));
    await turn();
    expect(settled().map(({ channel, group, series, ...rest }: Record<string, unknown>) => rest)).toEqual([
      { type: 'nack', deliveries: ['d1'] },
      { type: 'nack', deliveries: ['d2'], delay: 500 },
      { type: 'nack', deliveries: ['d3'], dead: true, reason: 'no address' },
    ]);
  });

  it('reports what failed, and not what the handler chose', async () => {
    const failed: unknown[] = [];
    await begin({ onError: (error) => failed.push(error.message) });
    deliver(1, 2);
    finish.get(1)?.(new Error('broken'));
    finish.get(2)?.(new NackError('later', { delay: 500 }));
    await turn();
    expect(failed).toEqual(['broken']);
  });

  it('sends the gateway what it accepts of a refusal', async () => {
    await begin();
    deliver(1, 2, 3);
    finish.get(1)?.(new NackError('x'.repeat(300)));
    finish.get(2)?.(new NackError('', { delay: 0.2 }));
    finish.get(3)?.(new NackError('', { delay: 1.6 }));
    await turn();
    expect(settled()).toMatchObject([{ reason: 'x'.repeat(256) }, { delay: 0 }, { delay: 2 }]);
  });

  it.each([Number.NaN, -1, 86_400_001, Number.POSITIVE_INFINITY, '5' as unknown as number])(
    'refuses the delay %s of a NackError where it is made',
    (delay) => {
      expect(() => new NackError('', { delay })).toThrow('NackError: "delay" must be milliseconds from 0 to 86400000');
      expect(new NackError('', { delay: 86_400_000 }).delay).toBe(86_400_000);
    },
  );

  it('has a key of at most 128 characters, whatever the names', async () => {
    const channel = `jobs:${'x'.repeat(190)}`;
    const keys: string[] = [];
    consume(client.channel(channel), ({ key }) => void keys.push(key));
    await accept();
    for (const offset of [1, 2, 1]) {
      gateway.socket.push({
        ...{ type: 'deliveries', channel, group: 'queue', epoch: 'e1' },
        deliveries: [delivery(offset)],
      });
      await turn();
    }
    expect(keys[0]).toMatch(/^[0-9a-f]{64}$/);
    expect(keys).toEqual([keys[0], expect.not.stringMatching(keys[0] ?? ''), keys[0]]);
  });

  it('extends what is in flight before it expires, and aborts what has expired', async () => {
    await begin();
    deliver(1, 2);
    await pass(10_000);
    expect(gateway.socket.last('extend')).toMatchObject({ group: 'queue', deliveries: ['d1', 'd2'] });
    gateway.socket.reply('extend', { deadline: 0, expired: ['d2'] });
    expect(seen.map(({ signal }) => signal.aborted)).toEqual([false, true]);
    for (const offset of [1, 2]) finish.get(offset)?.();
    await turn();
    expect(settled()).toMatchObject([{ type: 'ack', deliveries: ['d1'] }]);
  });

  it('aborts what it cannot extend', async () => {
    await begin();
    deliver(1);
    await pass(10_000);
    gateway.socket.refuse('extend', 'delivery_expired');
    expect(seen[0]?.signal.aborted).toBe(true);
  });

  it('does not extend deliveries of a group with very much time', async () => {
    consume(client.channel('a'), handler);
    await accept(1e12);
    deliver(1);
    await pass(60_000);
    expect(gateway.socket.sent('extend')).toEqual([]);
  });

  it('extends nothing when nothing is in flight', async () => {
    await begin();
    deliver(1);
    finish.get(1)?.();
    await turn();
    gateway.socket.reply('ack', {});
    await pass(60_000);
    expect(gateway.socket.sent('extend')).toEqual([]);
  });

  it('consumes again after a lost connection, and keeps what is in flight if it is back within five seconds', async () => {
    await begin();
    deliver(1);
    gateway.socket.drop();
    await pass(1000);
    await accept();
    expect(gateway.socket.last('extend')).toMatchObject({ deliveries: ['d1'] });
    await pass(5000);
    finish.get(1)?.();
    await turn();
    expect([seen[0]?.signal.aborted, settled()]).toMatchObject([false, [{ type: 'ack', deliveries: ['d1'] }]]);
  });

  it('aborts what is in flight if the connection is lost for longer', async () => {
    await begin();
    deliver(1);
    gateway.socket.drop();
    await pass(5000);
    expect(seen[0]?.signal.aborted).toBe(true);
  });

  it('repeats on the next connection a settlement that was not answered', async () => {
    await begin();
    deliver(1);
    finish.get(1)?.();
    await turn();
    gateway.socket.drop();
    await pass(1000);
    await accept();
    expect(settled()).toMatchObject([{ type: 'ack', deliveries: ['d1'] }]);
  });

  it('stops: sends no further consume, and resolves when all is settled', async () => {
    const consumer = await begin();
    deliver(1);
    let stopped = false;
    void consumer.stop().then(() => {
      stopped = true;
    });
    await turn();
    gateway.socket.reply('stop', {});
    await turn();
    expect(stopped).toBe(false);
    finish.get(1)?.();
    await turn();
    gateway.socket.reply('ack', {});
    await turn();
    expect(stopped).toBe(true);
  });

  it('ends if the gateway stops it', async () => {
    const onError = vi.fn();
    await begin({ onError });
    gateway.socket.push({ type: 'stopped', channel: 'a', group: 'queue', reason: 'permission' });
    expect(onError.mock.calls).toMatchObject([[{ code: ERRORS.permission_denied.code }]]);
    gateway.socket.drop();
    await pass(1000);
    await gateway.socket.accept();
    expect(gateway.socket.sent('consume')).toEqual([]);
  });

  it('abandons what it works on when the gateway stops it: others receive it at once', async () => {
    await begin();
    deliver(1);
    gateway.socket.push({ type: 'stopped', channel: 'a', group: 'queue', reason: 'permission' });
    expect(seen[0]?.signal.aborted).toBe(true);
    finish.get(1)?.();
    await turn();
    expect(settled()).toEqual([]);
  });

  it('reports a settlement that is refused, unless the delivery has expired', async () => {
    const errors = vi.fn();
    client.on('error', errors);
    await begin();
    for (const [offset, name] of [
      [1, 'delivery_expired'],
      [2, 'group_unknown'],
    ] as const) {
      deliver(offset);
      finish.get(offset)?.();
      await turn();
      gateway.socket.refuse('ack', name);
      await turn();
    }
    expect(errors.mock.calls).toMatchObject([[{ name: 'group_unknown' }]]);
  });

  it('does not report settlements that its client cannot send because it was closed', async () => {
    const errors = vi.fn();
    client.on('error', errors);
    await begin();
    deliver(1);
    finish.get(1)?.();
    await turn();
    client.close();
    await turn();
    expect(errors).not.toHaveBeenCalled();
  });

  it('is one of a client for each group', async () => {
    await begin();
    expect(() => consume(client.channel('a'), handler)).toThrow('this client consumes the group already');
  });

  it('is stopped by its signal, and does not keep it', async () => {
    const consumer = consume(client.channel('a'), handler, { signal: AbortSignal.abort() });
    await expect(consumer.ready).rejects.toThrow('stopped before');
    const controller = new AbortController();
    const other = await begin({ signal: controller.signal });
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(1);
    void other.stop();
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
  });

  it('reports lost messages, and ignores the pushes of other groups', async () => {
    const onGap = vi.fn();
    await begin({ onGap });
    const gap = { from: { epoch: 'e1', offset: 1 }, to: { epoch: 'e1', offset: 5 }, reason: 'retention' } as const;
    gateway.socket.push({ type: 'group_gap', channel: 'a', group: 'queue', ...gap });
    gateway.socket.push({ type: 'group_gap', channel: 'a', group: 'other', ...gap });
    gateway.socket.push({ type: 'deliveries', channel: 'a', group: 'other', epoch: 'e1', deliveries: [delivery(1)] });
    expect([onGap.mock.calls, seen]).toEqual([[[{ channel: 'a', group: 'queue', ...gap }]], []]);
  });

  it('rejects ready when the client is closed, and when it is stopped before', async () => {
    const closed = consume(client.channel('a'), handler).ready;
    client.close();
    await expect(closed).rejects.toMatchObject({ name: 'closed' });
    const other = gateway.client();
    const consumer = consume(other.channel('a'), handler);
    void consumer.stop();
    await expect(consumer.ready).rejects.toThrow('stopped before');
    other.close();
  });

  it.each([
    [{ prefetch: 0 }, '"prefetch" must be a whole number from 1 to 1000, not 0.'],
    [{ group: 5 }, '"group" must be a string, not 5.'],
    [{ onGap: true }, '"onGap" must be a function, not boolean.'],
  ])('rejects invalid options: %j', (options, message) => {
    expect(() => consume(client.channel('a'), handler, options as ConsumeOptions)).toThrow(message);
  });

  it('rejects a channel of no client', () => {
    expect(() => consume({ name: 'a' } as never, handler)).toThrow('"channel" must be a channel of a client');
  });

  it('retries a refusal that is retryable', async () => {
    const onError = vi.fn();
    consume(client.channel('a'), handler, { onError });
    await turn();
    await gateway.socket.accept();
    const { id } = gateway.socket.last('consume');
    gateway.socket.push({ type: 'error', id, error: errorBody('unavailable') });
    expect(onError.mock.calls).toMatchObject([[{ name: 'unavailable' }]]);
    await pass(1000);
    expect(gateway.socket.sent('consume')).toHaveLength(2);
  });
});

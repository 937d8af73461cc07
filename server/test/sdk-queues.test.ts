import { type Client, createClient, type SluiceError } from '@sluice/client';
import { consume, type Delivery, NackError } from '@sluice/client/queues';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import WebSocket from 'ws';
import { startTestGateway, type TestGateway } from '../src/testing/index.ts';

/** Waits as long as a busy machine needs. */
const until = (check: () => unknown) => vi.waitFor(check, { timeout: 60_000 });

let gateway: TestGateway;
const clients: Client[] = [];

beforeAll(async () => {
  const allow = { publish: 'users', subscribe: 'users', consume: 'users' } as const;
  gateway = await startTestGateway({
    channels: {
      'jobs:{kind}': { allow, queue: { ackTimeout: '3s', backoff: ['1s'], maxDeliveries: 3, prefetch: 4 } },
      'orders:{name}': { allow, history: { count: 100 }, groups: { billing: {}, mail: {} } },
      'closed:{name}': { queue: {} },
    },
  });
});

afterAll(async () => {
  for (const client of clients) client.close();
  await gateway.close();
});

function open(user: string): Client {
  const client = createClient({ url: gateway.url, WebSocket, token: () => gateway.token(user) });
  clients.push(client);
  return client;
}

let queues = 0;
const newQueue = () => `jobs:${++queues}`;

/** A promise with its `resolve`. */
function deferred() {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

const dataOf = ({ message }: Delivery) => message.data;

describe('a consumer', () => {
  it('processes the messages of a queue, each once', async () => {
    const name = newQueue();
    const seen: unknown[] = [];
    const consumer = consume(open('ada').channel(name), (delivery) => void seen.push(dataOf(delivery)));
    await consumer.ready;
    for (const n of [1, 2, 3]) await gateway.publish(name, n);
    await until(() => expect(seen).toEqual([1, 2, 3]));
    await consumer.stop();
    await gateway.clock.advance('20s');
    const again = vi.fn();
    await consume(open('bob').channel(name), again).ready;
    expect(again).not.toHaveBeenCalled();
  });

  it('receives the message with its position, attempt and key', async () => {
    const name = newQueue();
    await gateway.publish(name, { a: 1 });
    const seen: Delivery[] = [];
    const consumer = consume(open('ada').channel(name), (delivery) => void seen.push(delivery));
    await until(() => expect(seen).toHaveLength(1));
    expect(seen).toMatchObject([{ attempt: 1, message: { channel: name, offset: 1, data: { a: 1 } } }]);
    expect(seen[0]?.key).toMatch(new RegExp(`:${name}:${seen[0]?.message.epoch}:1$`));
    await consumer.stop();
  });

  it('processes as many messages at the same time as its prefetch', async () => {
    const name = newQueue();
    const gate = deferred();
    const seen: unknown[] = [];
    const handler = (delivery: Delivery) => {
      seen.push(dataOf(delivery));
      return gate.promise;
    };
    await consume(open('ada').channel(name), handler, { prefetch: 2 }).ready;
    for (const n of [1, 2, 3]) await gateway.publish(name, n);
    await until(() => expect(seen).toEqual([1, 2]));
    gate.resolve();
    await until(() => expect(seen).toEqual([1, 2, 3]));
  });

  it('receives a message again after the backoff if its handler fails, and reports the failure', async () => {
    const name = newQueue();
    const attempts: number[] = [];
    const onError = vi.fn();
    const handler = ({ attempt }: Delivery) => {
      attempts.push(attempt);
      if (attempt === 1) throw new Error('try again');
    };
    await consume(open('ada').channel(name), handler, { onError }).ready;
    await gateway.publish(name, 1);
    await until(() => expect(onError).toHaveBeenCalledOnce());
    expect(onError.mock.calls[0]).toMatchObject([{ message: 'try again' }, { attempt: 1 }]);
    await until(async () => {
      await gateway.clock.advance('1s');
      expect(attempts).toEqual([1, 2]);
    });
  });

  it('does not receive a message again if the handler gives it up', async () => {
    const name = newQueue();
    const handler = vi.fn(() => {
      throw new NackError('never', { dead: true });
    });
    const consumer = consume(open('ada').channel(name), handler, { onError: () => {} });
    await consumer.ready;
    await gateway.publish(name, 1);
    await until(() => expect(handler).toHaveBeenCalledOnce());
    await consumer.stop();
    await gateway.clock.advance('20s');
    const again = vi.fn();
    await consume(open('bob').channel(name), again).ready;
    expect(again).not.toHaveBeenCalled();
  });

  it('of two groups receives every message in each', async () => {
    const channel = 'orders:new';
    const [billing, mail] = [vi.fn(), vi.fn()];
    const ada = open('ada');
    await consume(ada.channel(channel), billing, { group: 'billing' }).ready;
    await consume(ada.channel(channel), mail, { group: 'mail' }).ready;
    await gateway.publish(channel, 1);
    await until(() => expect([billing.mock.calls.length, mail.mock.calls.length]).toEqual([1, 1]));
  });

  it('finishes what is in flight after stop', async () => {
    const name = newQueue();
    const gate = deferred();
    const handler = vi.fn(() => gate.promise);
    const consumer = consume(open('ada').channel(name), handler);
    await consumer.ready;
    await gateway.publish(name, 1);
    await until(() => expect(handler).toHaveBeenCalledOnce());
    let stopped = false;
    const stopping = consumer.stop().then(() => {
      stopped = true;
    });
    expect(stopped).toBe(false);
    gate.resolve();
    await stopping;
    await gateway.publish(name, 2);
    const rest: unknown[] = [];
    await consume(open('bob').channel(name), (delivery) => void rest.push(dataOf(delivery))).ready;
    await until(() => expect(rest).toEqual([2]));
  });

  it('acknowledges on the next connection what an earlier one received', async () => {
    const name = newQueue();
    const gate = deferred();
    const attempts: number[] = [];
    const handler = ({ attempt }: Delivery) => {
      attempts.push(attempt);
      return gate.promise;
    };
    const client = open('cleo');
    const consumer = consume(client.channel(name), handler);
    await consumer.ready;
    await gateway.publish(name, 1);
    await until(() => expect(attempts).toEqual([1]));
    gateway.faults.drop('cleo');
    await gateway.disconnected('cleo');
    await client.connect();
    gate.resolve();
    await consumer.stop();
    await gateway.clock.advance('20s');
    const again = vi.fn();
    await consume(open('bob').channel(name), again).ready;
    expect(again).not.toHaveBeenCalled();
    expect(attempts).toEqual([1]);
  });

  it('reports a refusal', async () => {
    const onError = vi.fn();
    const { ready } = consume(open('ada').channel('closed:a'), () => {}, { onError });
    await expect(ready).rejects.toMatchObject({ name: 'permission_denied' });
    expect(onError.mock.calls).toMatchObject([[{ name: 'permission_denied' }]]);
  });

  it('exists once per group and client', () => {
    const channel = open('ada').channel(newQueue());
    consume(channel, () => {});
    const second = () => consume(channel, () => {});
    expect(second).toThrow(expect.objectContaining({ name: 'already_consuming' }) as SluiceError);
  });
});

import type { ConfigInput } from '@sluice/server';
import type { InboundBridge } from '@sluice/server/bridging';
import { parseConfig } from '@sluice/server/cli-support';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { loadBridge } from '../src/index.ts';
import { rabbitmqSystem } from '../src/rabbitmq/rabbitmq-system.ts';
import { StreamCheckpoint } from '../src/rabbitmq/stream-checkpoint.ts';
import type { Produced, Received } from './conformance/messages.ts';
import { testSink } from './conformance/sink-conformance.ts';
import { testSource } from './conformance/source-conformance.ts';
import { startGateway } from './support/bridge-gateway.ts';
import { dataFolder } from './support/data-folder.ts';
import { guideBridges } from './support/guide.ts';
import { ModelHost } from './support/model-host.ts';
import { missing } from './support/programs.ts';
import { RABBITMQ, startRabbitmq } from './support/rabbitmq-broker.ts';
import { RabbitClient } from './support/rabbitmq-client.ts';
import { shared } from './support/shared-server.ts';
import { openPassage } from './support/silent-passage.ts';
import { TestSourceHost } from './support/source-host.ts';

const skip = missing(RABBITMQ, 'there is no RabbitMQ; apt-get install rabbitmq-server');
const STREAM = { durable: true, arguments: { 'x-queue-type': 'stream' } };
let queues = 0;
const start = shared(startRabbitmq);
/** RabbitMQ 3.10 does not always find its streams again after a SIGKILL: "home node is down or inaccessible". */
const startForStreams = shared(startRabbitmq);
/** For tests that do not stop their broker. */
const startUndisturbed = shared(startRabbitmq);

testSource('RabbitMQ', {
  skip,
  hasKeys: false,
  start,
  open: async ({ port }) => {
    const client = new RabbitClient(port);
    const queue = `source-${++queues}`;
    await client.run((channel) => channel.assertQueue(queue, { durable: true }));
    const produced: Produced[] = [];
    /** With one wait for all: the server confirms a message alone only after a moment. */
    const publish = (messages: readonly Produced[], firstId: number) =>
      client.run(async (channel) => {
        for (const [at, { body, headers = {} }] of messages.entries()) {
          const messageId = `${firstId + at}`;
          channel.sendToQueue(queue, Buffer.from(body), { persistent: true, headers, messageId });
        }
        await channel.waitForConfirms();
      });
    return {
      bridge: { rabbitmq: { url: `amqp://127.0.0.1:${port}` }, from: { queue } },
      produce: async (messages) => {
        const firstId = produced.length + 1;
        produced.push(...messages);
        await publish(messages, firstId);
      },
      unacknowledged: () => client.run(async (channel) => (await channel.checkQueue(queue)).messageCount),
      // A queue has no position; this is what a producer does that is not sure.
      rewind: () => publish(produced, 1),
      close: () => client.close(),
    };
  },
});

testSource('a stream of RabbitMQ', {
  skip,
  hasKeys: false,
  kill: 'SIGTERM',
  start: startForStreams,
  open: async ({ port }) => {
    const client = new RabbitClient(port);
    const stream = `stream-${++queues}`;
    await client.run((channel) => channel.assertQueue(stream, STREAM));
    return {
      bridge: { rabbitmq: { url: `amqp://127.0.0.1:${port}` }, from: { stream } },
      produce: async (messages) => {
        await client.run(async (channel) => {
          // The server confirms what no queue accepts, also while it recovers the stream.
          let isReturned = false;
          const note = () => {
            isReturned = true;
          };
          channel.once('return', note);
          for (const { body, headers = {} } of messages) {
            channel.sendToQueue(stream, Buffer.from(body), { persistent: true, mandatory: true, headers });
          }
          await channel.waitForConfirms();
          channel.off('return', note);
          if (isReturned) throw new Error('the stream is not there');
        });
      },
      // RabbitMQ does not know what readers of a stream have read.
      unacknowledged: async () => 0,
      close: () => client.close(),
    };
  },
});

testSink('a stream of RabbitMQ', {
  ...{ skip, prefix: 'cloudEvents:', deduplicates: false, kill: 'SIGTERM', tooLarge: 1_000_000 },
  start: startForStreams,
  open: async ({ port }) => {
    const client = new RabbitClient(port);
    const stream = `sink-${++queues}`;
    await client.run((channel) => channel.assertQueue(stream, STREAM));
    const received = new Map<unknown, Received>();
    client.readStream(stream, (body, headers) => {
      received.set(headers['x-stream-offset'], { body: body.toString(), headers: headers as Record<string, string> });
    });
    return {
      bridge: { rabbitmq: { url: `amqp://127.0.0.1:${port}` }, to: { routingKey: stream } },
      received: async () => [...received.values()],
      close: () => client.close(),
    };
  },
});

testSink('RabbitMQ', {
  ...{ skip, prefix: 'cloudEvents:', deduplicates: false, tooLarge: 1_000_000 },
  start,
  open: async ({ port }) => {
    const client = new RabbitClient(port);
    const queue = `sink-${++queues}`;
    await client.run((channel) => channel.assertQueue(queue, { durable: true }));
    const received: Received[] = [];
    client.consume(queue, (body, headers) => {
      received.push({ body: body.toString(), headers: headers as Record<string, string> });
    });
    return {
      bridge: { rabbitmq: { url: `amqp://127.0.0.1:${port}` }, to: { routingKey: queue } },
      received: async () => [...received],
      close: () => client.close(),
    };
  },
});

it.skipIf(skip)('a message that no queue accepts is not lost: the bridge waits', async () => {
  const server = await startUndisturbed();
  const gateway = await startGateway({
    channels: { audit: { history: true } },
    bridges: {
      out: {
        ...{ rabbitmq: { url: `amqp://127.0.0.1:${server.port}` }, from: { channel: 'audit' } },
        to: { routingKey: 'later' },
      },
    },
  });
  await gateway.publish('audit', { n: 1 });
  await expect
    .poll(async () => (await gateway.bridge('out')).error)
    .toContain('no queue accepts the routing key "later"');
  const client = new RabbitClient(server.port);
  onTestFinished(() => client.close());
  await client.run((channel) => channel.assertQueue('later', { durable: true }));
  const received: string[] = [];
  client.consume('later', (body) => received.push(body.toString()));
  await expect.poll(() => received).toEqual(['{"n":1}']);
});

it.skipIf(skip)(
  'a message that no queue accepts is a dead letter, if so configured, and a gap goes where its messages go',
  async () => {
    const server = await startUndisturbed();
    const client = new RabbitClient(server.port);
    onTestFinished(() => client.close());
    await client.run((channel) => channel.assertQueue('known', { durable: true }));
    const received: string[] = [];
    client.consume('known', (body) => received.push(body.toString()));
    const out = (port: number) => ({
      ...{ rabbitmq: { url: `amqp://127.0.0.1:${port}` }, from: { channel: 'audit' } },
      to: { routingKey: '{event}', unroutable: 'deadLetter', envelope: 'raw' },
    });
    const channels = { audit: { history: { count: 3, age: '1d' } } } as const;
    const durable = { engine: 'durable', durable: { data: dataFolder() } } as const;
    const away = await startGateway({ channels, bridges: { out: out(1) }, ...durable });
    for (let n = 1; n <= 6; n++) await away.publish('audit', n, { event: 'known' });
    await away.close();
    const gateway = await startGateway({ channels, bridges: { out: out(server.port) }, ...durable });
    await expect.poll(() => received).toEqual([expect.stringContaining('retention'), '4', '5', '6']);
    await gateway.publish('audit', 7, { event: 'unknown' });
    await gateway.publish('audit', 8, { event: 'known' });
    await expect.poll(() => received.at(-1)).toBe('8');
    expect(received).toHaveLength(5);
    const { state, counts } = await gateway.bridge('out');
    expect([state, counts]).toEqual(['running', { gap: 1, sent: 4, dead_lettered: 1 }]);
  },
);

describe.skipIf(skip)('a stream of RabbitMQ', () => {
  const durable = () => ({ engine: 'durable', durable: { data: dataFolder() } }) as const;
  const channels = { orders: { history: { count: 100_000, age: '7d' } } } as const;

  let stream = '';
  beforeEach(() => {
    stream = `stream-${++queues}`;
  });

  async function open(): Promise<{ client: RabbitClient; url: string }> {
    const server = await startUndisturbed();
    const client = new RabbitClient(server.port);
    onTestFinished(() => client.close());
    return { client, url: `amqp://127.0.0.1:${server.port}` };
  }
  const send = (client: RabbitClient, from: number, to: number) =>
    client.run(async (channel) => {
      for (let n = from; n <= to; n++) channel.sendToQueue(stream, Buffer.from(`${n}`), { persistent: true });
      await channel.waitForConfirms();
    });
  const bridges = (url: string, more: object = {}) => ({
    in: { rabbitmq: { url }, from: { stream, ...more }, to: { channel: 'orders' } },
  });

  it('that was created again with less in it is not read in silence', async () => {
    const { client, url } = await open();
    const config = { channels, ...durable() };
    await client.run((channel) => channel.assertQueue(stream, STREAM));
    const first = await startGateway({ ...config, bridges: bridges(url) });
    await send(client, 1, 20);
    await expect.poll(() => first.data('orders')).toHaveLength(20);
    await first.close();
    await client.run((channel) => channel.deleteQueue(stream));
    await client.run((channel) => channel.assertQueue(stream, STREAM));
    await send(client, 21, 22);
    const second = await startGateway({ ...config, bridges: bridges(url) });
    await expect
      .poll(async () => (await second.bridge('in')).error, { timeout: 60_000 })
      .toContain('was deleted and created again');
  }, 120_000);

  it('is read from its end if the bridge starts at the newest', async () => {
    const { client, url } = await open();
    await client.run((channel) => channel.assertQueue(stream, STREAM));
    await send(client, 1, 5);
    const gateway = await startGateway({ channels, bridges: bridges(url, { start: 'newest' }) });
    await expect.poll(async () => (await gateway.bridge('in')).state).toBe('running');
    await send(client, 6, 7);
    await expect.poll(() => gateway.data('orders')).toEqual([6, 7]);
  });

  it('is read from its end, also if the gateway restarts before the first message', async () => {
    const { client, url } = await open();
    const config = { channels, ...durable(), bridges: bridges(url, { start: 'newest' }) };
    await client.run((channel) => channel.assertQueue(stream, STREAM));
    const first = await startGateway(config);
    await expect.poll(async () => (await first.bridge('in')).state).toBe('running');
    await first.close();
    await send(client, 1, 3);
    const second = await startGateway(config);
    await expect.poll(() => second.data('orders')).toEqual([1, 2, 3]);
  });

  it('is read from its end, also if the connection is lost before the first acknowledgement', async () => {
    const { client, url } = await open();
    await client.run((channel) => channel.assertQueue(stream, STREAM));
    await send(client, 1, 5);
    const host = new ModelHost(() => Promise.reject(new Error('lost')));
    const config = {
      anonymous: true,
      channels,
      bridges: { in: { ...bridges(url, { start: 'newest' }).in, inFlight: 1 } },
    };
    const [bridge] = parseConfig(config as ConfigInput).bridges;
    if (bridge === undefined) throw new Error('there is no bridge');
    const stop = new AbortController();
    const running = (await loadBridge(bridge, host)).run(stop.signal);
    await expect.poll(() => host.state).toBe('running');
    await send(client, 6, 9);
    await expect.poll(() => host.log).toEqual([6, 7, 8, 9]);
    expect(host.repeats).toBe(1);
    stop.abort();
    await running;
  });

  it('is not read as a queue, and a queue not as a stream', async () => {
    const { client, url } = await open();
    await client.run((channel) => channel.assertQueue(stream, STREAM));
    await client.run((channel) => channel.assertQueue(`${stream}-queue`, { durable: true }));
    await send(client, 1, 2);
    const gateway = await startGateway({
      channels,
      bridges: {
        asQueue: { rabbitmq: { url }, from: { queue: stream, ids: 'optional' }, to: { channel: 'orders' } },
        asStream: { rabbitmq: { url }, from: { stream: `${stream}-queue` }, to: { channel: 'orders' } },
      },
    });
    await expect.poll(async () => (await gateway.bridge('asQueue')).state).toBe('running');
    await send(client, 3, 3);
    for (const name of ['asQueue', 'asStream']) {
      await expect.poll(async () => (await gateway.bridge(name)).state).toBe('failed');
    }
    expect((await gateway.bridge('asQueue')).error).toBe(
      `"${stream}" is a stream queue. Write "stream" instead of "queue"`,
    );
    expect((await gateway.bridge('asStream')).error).toMatch(/is no stream queue.+ Write "queue" instead of "stream"$/);
    expect(await gateway.data('orders')).toEqual([]);
  });

  it('may have been the origin of messages in a queue', async () => {
    const { client, url } = await open();
    await client.run((channel) => channel.assertQueue(stream, { durable: true }));
    const gateway = await startGateway({
      channels,
      bridges: { in: { rabbitmq: { url }, from: { queue: stream, ids: 'optional' }, to: { channel: 'orders' } } },
    });
    await client.run(async (channel) => {
      channel.sendToQueue(stream, Buffer.from('1'), { headers: { 'x-stream-offset': 7 } });
      await channel.waitForConfirms();
    });
    await expect.poll(() => gateway.data('orders')).toEqual([1]);
  });

  it('is reported to have lost what its retention deletes while the bridge is connected', async () => {
    const { client, url } = await open();
    const small = { 'x-max-length-bytes': 2_000, 'x-stream-max-segment-size-bytes': 1_000 };
    await client.run((channel) =>
      channel.assertQueue(stream, { ...STREAM, arguments: { ...STREAM.arguments, ...small } }),
    );
    const config = { name: 'in', connection: { url }, from: { stream, start: 'oldest' }, inFlight: 2 };
    const host = new TestSourceHost();
    const source = await (await rabbitmqSystem.loadSource?.(config as unknown as InboundBridge, host))?.open();
    if (source === undefined) throw new Error('there is no source');
    onTestFinished(() => source.close());
    await send(client, 1, 1);
    const read: number[] = [];
    const readOn = async () => {
      const records = await source.read(2);
      read.push(...records.map(({ body }) => Number(Buffer.from(body).toString())));
      await source.acknowledge(records);
    };
    await readOn();
    for (let n = 2; n <= 400; n++) await send(client, n, n);
    // RabbitMQ may let a reader that was overtaken wait for another message.
    for (let n = 401; (read.at(-1) ?? 0) <= 400; n++) {
      await send(client, n, n);
      await readOn();
    }
    const last = read.at(-1) ?? 0;
    expect(read.length).toBeLessThan(last);
    expect(read.length + host.lost).toBeGreaterThanOrEqual(last);
  });

  it('is one partition for two nodes that both begin to read it', async () => {
    const host = new TestSourceHost();
    const [one, other] = [await StreamCheckpoint.read('orders', host), await StreamCheckpoint.read('orders', host)];
    await one.begin(0);
    await expect(other.begin(0)).rejects.toThrow('another node has begun to read the stream "orders"');
    expect((await StreamCheckpoint.read('orders', host)).partition).toBe(one.partition);
  });

  it('is reported to have lost what its retention has deleted before it was read', async () => {
    const { client, url } = await open();
    const config = { channels, ...durable() };
    const small = { 'x-max-length-bytes': 2_000, 'x-stream-max-segment-size-bytes': 1_000 };
    const options = { ...STREAM, arguments: { ...STREAM.arguments, ...small } };
    await client.run((channel) => channel.assertQueue(stream, options));
    const first = await startGateway({ ...config, bridges: bridges(url) });
    await send(client, 1, 5);
    await expect.poll(() => first.data('orders')).toHaveLength(5);
    await first.close();
    for (let n = 6; n <= 205; n++) await send(client, n, n);
    const second = await startGateway({ ...config, bridges: bridges(url) });
    await expect.poll(async () => (await second.data('orders')).at(-1)).toBe(205);
    const { lost = 0 } = (await second.bridge('in')).counts;
    expect(lost).toBeGreaterThan(0);
    // Some offsets are records of RabbitMQ itself.
    expect((await second.data('orders')).length + lost).toBeGreaterThanOrEqual(205);
  });
});

it.skipIf(skip)('a gateway ends although RabbitMQ is silent, with what it could not send', async () => {
  const server = await startUndisturbed();
  const client = new RabbitClient(server.port);
  onTestFinished(() => client.close());
  for (const queue of ['orders', 'audit']) await client.run((channel) => channel.assertQueue(queue));
  const { port, fallSilent } = await openPassage(server.port);
  const rabbitmq = { url: `amqp://127.0.0.1:${port}` };
  const gateway = await startGateway({
    channels: { orders: { history: true }, audit: { history: true } },
    bridges: {
      in: { rabbitmq, from: { queue: 'orders' }, to: { channel: 'orders' } },
      out: { rabbitmq, from: { channel: 'audit' }, to: { routingKey: 'audit' } },
    },
  });
  for (const name of ['in', 'out']) await expect.poll(async () => (await gateway.bridge(name)).state).toBe('running');
  fallSilent();
  await gateway.publish('audit', 1);
  await gateway.close();
});

it.skipIf(skip)('RabbitMQ is read and written as the guide says', async () => {
  const server = await startUndisturbed();
  const client = new RabbitClient(server.port);
  onTestFinished(() => client.close());
  const rabbitmq = { url: `amqp://127.0.0.1:${server.port}` };
  const [queue, stream, audit] = guideBridges('rabbitmq');
  const channels = { 'orders:{customer}': { history: true }, audit: { history: true } } as const;
  const send = (total: number) =>
    client.run(async (channel) => {
      const options = { messageId: `${total}`, headers: { customer: '42' }, persistent: true };
      channel.sendToQueue('orders', Buffer.from(JSON.stringify({ total })), options);
      await channel.waitForConfirms();
    });
  await client.run(async (channel) => {
    await channel.assertQueue('orders', { durable: true });
    await channel.assertExchange('audit', 'topic', { durable: true });
    await channel.assertQueue('signed-in', { durable: true });
    await channel.bindQueue('signed-in', 'audit', 'audit.signed-in');
  });
  const first = await startGateway({
    channels,
    bridges: { queue: { ...queue, rabbitmq }, audit: { ...audit, rabbitmq } },
  });
  await send(99);
  await expect.poll(() => first.messages('orders:42')).toMatchObject([{ event: 'orders', data: { total: 99 } }]);
  const received: string[] = [];
  client.consume('signed-in', (body) => received.push(body.toString()));
  await first.publish('audit', { by: 'anna' }, { event: 'signed-in' });
  await expect.poll(() => received).toEqual(['{"by":"anna"}']);
  await first.close();
  await client.run((channel) => channel.deleteQueue('orders'));
  await client.run((channel) => channel.assertQueue('orders', STREAM));
  const second = await startGateway({ channels, bridges: { stream: { ...stream, rabbitmq } } });
  await send(100);
  await expect.poll(() => second.data('orders:42')).toEqual([{ total: 100 }]);
});

import { AckPolicy, jetstream, jetstreamManager, RetentionPolicy } from '@nats-io/jetstream';
import { connect, headers as makeHeaders, type NatsConnection } from '@nats-io/transport-node';
import type { InboundBridge } from '@sluice/server/bridging';
import { expect, it, onTestFinished } from 'vitest';
import { natsSystem } from '../src/nats/nats-system.ts';
import { testLossySource } from './conformance/lossy-conformance.ts';
import { testSink } from './conformance/sink-conformance.ts';
import { testSource } from './conformance/source-conformance.ts';
import { startGateway } from './support/bridge-gateway.ts';
import type { BrokerServer } from './support/broker-server.ts';
import { dataFolder } from './support/data-folder.ts';
import { guideBridges } from './support/guide.ts';
import { NATS, startNats } from './support/nats-broker.ts';
import { missing } from './support/programs.ts';
import { eventually } from './support/retry.ts';
import { openPassage } from './support/silent-passage.ts';
import { TestSourceHost } from './support/source-host.ts';

const skip = missing(NATS, 'there is no nats-server; apt-get install nats-server');
let streams = 0;

/** Connects again after a restart of the server. */
const connectTo = ({ port }: BrokerServer): Promise<NatsConnection> =>
  connect({
    servers: `127.0.0.1:${port}`,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 50,
    ignoreClusterUpdates: true,
  });

testSource('NATS JetStream', {
  skip,
  hasKeys: false,
  start: startNats,
  open: async (server) => {
    const connection = await connectTo(server);
    const manager = await jetstreamManager(connection);
    const stream = `source-${++streams}`;
    await manager.streams.add({ name: stream, subjects: [stream] });
    const consumersOf = async () => {
      const found = [];
      for await (const info of manager.consumers.list(stream)) found.push(info);
      return found;
    };
    let produced = 0;
    return {
      bridge: { nats: { url: `nats://127.0.0.1:${server.port}` }, from: { stream } },
      produce: async (messages) => {
        for (const { body, headers = {} } of messages) {
          const named = makeHeaders();
          for (const [name, value] of Object.entries(headers)) named.set(name, value);
          // The stream recognises what it has stored before the connection was lost.
          const options = { headers: named, msgID: `${++produced}`, timeout: 1_000 };
          await eventually(() => jetstream(connection).publish(stream, body, options));
        }
      },
      produceBytes: async (body) => void (await jetstream(connection).publish(stream, body)),
      unacknowledged: async () => {
        const [consumer] = await consumersOf();
        return (consumer?.num_ack_pending ?? 0) + (consumer?.num_pending ?? 0);
      },
      rewind: async () => {
        for (const { name } of await consumersOf()) await manager.consumers.delete(stream, name);
      },
      close: () => connection.close(),
    };
  },
});

testSink('NATS JetStream', {
  ...{ skip, prefix: 'ce-', deduplicates: true, tooLarge: 1_048_576 },
  start: startNats,
  open: async (server) => {
    const connection = await connectTo(server);
    const manager = await jetstreamManager(connection);
    const stream = `sink-${++streams}`;
    await manager.streams.add({ name: stream, subjects: [`${stream}.>`] });
    return {
      bridge: { nats: { url: `nats://127.0.0.1:${server.port}` }, to: { subject: `${stream}.{channel}.{event}` } },
      received: () =>
        eventually(async () => {
          const { state } = await manager.streams.info(stream);
          if (state.messages === 0) return [];
          const { name } = await manager.consumers.add(stream, { ack_policy: AckPolicy.None });
          const consumer = await jetstream(connection).consumers.get(stream, name);
          const received = [];
          for await (const { data, headers } of await consumer.fetch({
            max_messages: state.messages,
            expires: 5_000,
          })) {
            const named = (headers?.keys() ?? []).map((header) => [header, headers?.get(header) ?? '']);
            received.push({ body: new TextDecoder().decode(data), headers: Object.fromEntries(named) });
          }
          await manager.consumers.delete(stream, name);
          return received;
        }),
      close: () => connection.close(),
    };
  },
});

testLossySource('core NATS', {
  skip,
  start: startNats,
  open: async (server) => {
    const connection = await connectTo(server);
    const subject = `subject-${++streams}`;
    return {
      bridge: { nats: { url: `nats://127.0.0.1:${server.port}` }, from: { subject: `${subject}.>` } },
      send: async (messages) => {
        await eventually(() => connection.flush()); // until it is connected, it drops what is published
        for (const { body, headers = {} } of messages) {
          const named = makeHeaders();
          for (const [name, value] of Object.entries(headers)) named.set(name, value);
          connection.publish(`${subject}.a`, body, { headers: named });
        }
        await eventually(() => connection.flush());
      },
      close: () => connection.close(),
    };
  },
});

it.skipIf(skip)('a bridge says that it does not read a stream of NATS that is a work queue', async () => {
  const server = await startNats();
  const connection = await connectTo(server);
  onTestFinished(() => connection.close());
  const manager = await jetstreamManager(connection);
  await manager.streams.add({ name: 'JOBS', subjects: ['jobs'], retention: RetentionPolicy.Workqueue });
  const bridge = { nats: { url: `nats://127.0.0.1:${server.port}` }, from: { stream: 'JOBS' } };
  const gateway = await startGateway({
    channels: { orders: { history: true } },
    bridges: { in: { ...bridge, to: { channel: 'orders' } } },
  });
  await expect.poll(async () => (await gateway.bridge('in')).state).toBe('failed');
  expect((await gateway.bridge('in')).error).toMatch(/"JOBS" is a work queue\. .+ "limits" or "interest"/);
});

it.skipIf(skip)('a bridge from NATS follows a changed subject, and reads what came meanwhile', async () => {
  const server = await startNats();
  const connection = await connectTo(server);
  onTestFinished(() => connection.close());
  const manager = await jetstreamManager(connection);
  await manager.streams.add({ name: 'CHANGED', subjects: ['changed.>'] });
  const run = (subject: string, inFlight: number) => {
    const from = { stream: 'CHANGED', consumer: 'sluice', subject };
    const bridge = { nats: { url: `nats://127.0.0.1:${server.port}` }, from, to: { channel: 'orders' }, inFlight };
    return startGateway({ channels: { orders: { history: true } }, bridges: { orders: bridge } });
  };
  const produce = (subject: string, body: string) => jetstream(connection).publish(subject, body);
  const pending = async () => {
    const found = [];
    for await (const { config, num_ack_pending } of manager.consumers.list('CHANGED')) {
      found.push({ subject: config.filter_subject, most: config.max_ack_pending, pending: num_ack_pending });
    }
    return found;
  };
  const first = await run('changed.a', 10);
  await expect.poll(async () => (await first.bridge('orders')).state).toBe('running');
  await produce('changed.a', '1');
  await expect.poll(() => first.data('orders')).toEqual([1]);
  await expect.poll(pending).toEqual([{ subject: 'changed.a', most: 20, pending: 0 }]);
  await first.close();
  await produce('changed.b', '2');
  const second = await run('changed.b', 10);
  await produce('changed.b', '3');
  await expect.poll(() => second.data('orders')).toEqual([2, 3]);
  await expect.poll(pending).toEqual([{ subject: 'changed.b', most: 20, pending: 0 }]);
  await second.close();
  const third = await run('changed.b', 50);
  await produce('changed.b', '4');
  await expect.poll(() => third.data('orders')).toEqual([4]);
  expect((await pending()).map(({ most }) => most)).toEqual([100]);
});

it.skipIf(skip)('messages that a stream of NATS removes before a bridge reads them are counted as lost', async () => {
  const server = await startNats();
  const connection = await connectTo(server);
  onTestFinished(() => connection.close());
  const manager = await jetstreamManager(connection);
  await manager.streams.add({ name: 'LIMITED', subjects: ['limited'], max_msgs: 3 });
  const nats = { url: `nats://127.0.0.1:${server.port}` };
  const engine = { engine: 'durable', durable: { data: dataFolder() } } as const;
  const run = () =>
    startGateway({
      ...{ channels: { orders: { history: true } }, ...engine },
      bridges: { orders: { nats, from: { stream: 'LIMITED' }, to: { channel: 'orders' } } },
    });
  const produce = async (from: number, to: number) => {
    for (let n = from; n <= to; n++) await jetstream(connection).publish('limited', `${n}`);
  };
  await produce(1, 5);
  const first = await run();
  await expect.poll(() => first.data('orders')).toEqual([3, 4, 5]);
  expect((await first.bridge('orders')).counts.lost).toBeUndefined();
  await first.close();
  await produce(6, 8);
  const second = await run();
  await expect.poll(async () => (await second.data('orders')).at(-1)).toBe(8);
  expect((await second.bridge('orders')).counts.lost).toBeUndefined();
  await second.close();
  await produce(9, 15);
  const third = await run();
  await expect.poll(() => third.data('orders')).toEqual([3, 4, 5, 6, 7, 8, 13, 14, 15]);
  expect((await third.bridge('orders')).counts.lost).toBe(4);
});

it.skipIf(skip)(
  'a bridge that reads nothing receives few messages, also of a stream that removes what it has delivered',
  async () => {
    const server = await startNats();
    const connection = await connectTo(server);
    onTestFinished(() => connection.close());
    const manager = await jetstreamManager(connection);
    await manager.streams.add({ name: 'ROLLING', subjects: ['rolling'], max_msgs: 5 });
    const inFlight = 4;
    const config = {
      name: 'orders',
      connection: { url: `nats://127.0.0.1:${server.port}` },
      from: { stream: 'ROLLING', consumer: 'sluice', start: 'oldest' },
      inFlight,
    } as unknown as InboundBridge;
    const source = await (await natsSystem.loadSource?.(config, new TestSourceHost()))?.open();
    onTestFinished(() => source?.close());
    for (let n = 1; n <= 200; n++) await jetstream(connection).publish('rolling', `${n}`);
    const received = await source?.read(1_000);
    expect(received?.length).toBeLessThanOrEqual(2 * inFlight);
    // What the stream still has comes next.
    const last = async () => (await source?.read(1_000))?.at(-1)?.once;
    await expect.poll(last).toMatchObject({ position: '200' });
  },
);

it.skipIf(skip)('a bridge from core NATS notices that its server is silent, and connects again', async () => {
  const server = await startNats();
  const connection = await connectTo(server);
  onTestFinished(() => connection.close());
  const passage = await openPassage(server.port);
  const nats = { url: `nats://127.0.0.1:${passage.port}` };
  const gateway = await startGateway({
    channels: { prices: { history: true } },
    bridges: { prices: { nats, from: { subject: 'prices' }, to: { channel: 'prices' } } },
  });
  await expect.poll(async () => (await gateway.bridge('prices')).state).toBe('running');
  passage.fallSilent();
  const sending = setInterval(() => connection.publish('prices', '1'), 20);
  onTestFinished(() => clearInterval(sending));
  await expect.poll(async () => (await gateway.data('prices')).at(0)).toBe(1);
});

it.skipIf(skip)('NATS is read and written as the guide says', async () => {
  const server = await startNats();
  const connection = await connectTo(server);
  onTestFinished(() => connection.close());
  const manager = await jetstreamManager(connection);
  await manager.streams.add({ name: 'ORDERS', subjects: ['orders.>'] });
  await manager.streams.add({ name: 'AUDIT', subjects: ['audit.>'] });
  const nats = { url: `nats://127.0.0.1:${server.port}` };
  const [orders, prices, audit] = guideBridges('nats');
  const gateway = await startGateway({
    channels: {
      'orders:{subject}': { history: true },
      'prices:{subject}': { history: true },
      audit: { history: true },
    },
    bridges: { orders: { ...orders, nats }, prices: { ...prices, nats }, audit: { ...audit, nats } },
  });
  await jetstream(connection).publish('orders.eu', '{"total": 99}');
  await expect.poll(() => gateway.data('orders:orders.eu')).toEqual([{ total: 99 }]);
  await expect.poll(async () => (await gateway.bridge('prices')).state).toBe('running');
  connection.publish('prices.eu', '{"eur": 1}');
  await expect.poll(() => gateway.data('prices:prices.eu')).toEqual([{ eur: 1 }]);
  await gateway.publish('audit', { by: 'anna' }, { event: 'signed-in' });
  await expect
    .poll(async () => (await manager.streams.getMessage('AUDIT', { last_by_subj: 'audit.signed-in' }))?.json())
    .toEqual({ by: 'anna' });
});

import { type Message, PubSub } from '@google-cloud/pubsub';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Produced, Received } from './conformance/messages.ts';
import { testSink } from './conformance/sink-conformance.ts';
import { testSource } from './conformance/source-conformance.ts';
import { startGateway } from './support/bridge-gateway.ts';
import { guideBridges } from './support/guide.ts';
import { type PubsubServer, missingPubsub as skip, startPubsub } from './support/pubsub-server.ts';
import { shared } from './support/shared-server.ts';

const PROJECT = 'test';
let names = 0;
const start = shared(startPubsub);

/** A client of the tests, past the proxy. */
function connectTo(server: PubsubServer): PubSub {
  return new PubSub({ projectId: PROJECT, apiEndpoint: `127.0.0.1:${server.direct}`, emulatorMode: true });
}

const connectionTo = ({ port }: PubsubServer) => ({ project: PROJECT, emulator: `127.0.0.1:${port}` });

testSource('Pub/Sub', {
  skip,
  // pstest delivers ordered messages one by one, at some 10 a second.
  load: 100,
  keepsAcknowledgements: true,
  start,
  open: async (broker) => {
    const server = broker as PubsubServer;
    const pubsub = connectTo(server);
    const name = `source-${++names}`;
    const topic = pubsub.topic(name, { messageOrdering: true, batching: { maxMilliseconds: 1 } });
    await topic.create();
    await topic.createSubscription(name, { enableMessageOrdering: true, ackDeadlineSeconds: 10 });
    return {
      bridge: { pubsub: connectionTo(server), from: { subscription: name } },
      produce: async (messages) => {
        const publish = ({ body, key = 'all', headers = {} }: Produced) =>
          topic.publishMessage({ data: Buffer.from(body), orderingKey: key, attributes: headers });
        await Promise.all(messages.map(publish));
      },
      produceBytes: async (body) => void (await topic.publishMessage({ data: Buffer.from(body), orderingKey: 'all' })),
      // Only the service knows, and its fake does not tell.
      unacknowledged: async () => 0,
      close: () => pubsub.close(),
    };
  },
});

testSink('Pub/Sub', {
  ...{ skip, prefix: 'ce-', deduplicates: false, load: 100, tooLarge: 10_000_000 },
  start,
  open: async (broker) => {
    const server = broker as PubsubServer;
    const pubsub = connectTo(server);
    const name = `sink-${++names}`;
    const topic = pubsub.topic(name);
    await topic.create();
    const received: Received[] = [];
    const [subscription] = await topic.createSubscription(name, { enableMessageOrdering: true });
    subscription.on('message', (message: Message) => {
      received.push({ body: message.data.toString(), headers: message.attributes });
      message.ack();
    });
    return {
      bridge: { pubsub: connectionTo(server), to: { topic: name } },
      received: async () => [...received],
      close: async () => {
        await subscription.close();
        await pubsub.close();
      },
    };
  },
});

describe.skipIf(skip)('bridges with Pub/Sub', () => {
  const channels = {
    'orders:{key}': { history: true },
    orders: { history: true },
    audit: { history: true },
    'bridge-dead': { history: true },
  } as const;
  let server: PubsubServer;
  let pubsub: PubSub;
  beforeAll(async () => {
    server = await start();
    pubsub = connectTo(server);
  });
  afterAll(() => pubsub?.close());

  it('read and send as the guide says', async () => {
    const [orders, audit] = guideBridges('pubsub');
    for (const name of ['orders', 'audit']) await pubsub.createTopic(name);
    await pubsub.topic('orders').createSubscription('sluice-orders', { enableMessageOrdering: true });
    const [subscription] = await pubsub.topic('audit').createSubscription('sluice-audit');
    onTestFinished(() => subscription.close());
    const connection = { pubsub: connectionTo(server) };
    const gateway = await startGateway({
      channels,
      bridges: { orders: { ...orders, ...connection }, audit: { ...audit, ...connection } },
    });
    await pubsub
      .topic('orders', { messageOrdering: true })
      .publishMessage({ json: { total: 99 }, orderingKey: '42', attributes: { type: 'created' } });
    await expect.poll(() => gateway.messages('orders:42')).toMatchObject([{ data: { total: 99 }, event: 'created' }]);
    const sent = new Promise<Message>((resolve) => subscription.on('message', resolve));
    await gateway.publish('audit', { by: 'anna' }, { tags: { region: 'eu' } });
    const { data, attributes, orderingKey } = await sent;
    expect(data.toString()).toBe('{"by":"anna"}');
    expect(orderingKey).toBe('audit');
    expect(attributes).toMatchObject({ 'ce-subject': 'audit', 'tag:region': 'eu', 'sluice-channel': 'audit' });
  });

  it('go on with a subscription that was deleted and created again', async () => {
    await pubsub.createTopic('deleted');
    const topic = pubsub.topic('deleted');
    const [subscription] = await topic.createSubscription('deleted');
    const bridges = {
      in: { pubsub: connectionTo(server), from: { subscription: 'deleted' }, to: { channel: 'orders' } },
    };
    const gateway = await startGateway({ channels, bridges });
    await topic.publishMessage({ json: [1] });
    await expect.poll(() => gateway.data('orders')).toEqual([[1]]);
    await subscription.delete();
    await expect.poll(async () => (await gateway.bridge('in')).state).toBe('waiting');
    expect((await gateway.bridge('in')).error).toContain('NOT_FOUND');
    await topic.createSubscription('deleted');
    await expect.poll(async () => (await gateway.bridge('in')).state).toBe('running');
    await topic.publishMessage({ json: [2] });
    await expect.poll(() => gateway.data('orders')).toEqual([[1], [2]]);
  });

  it('say which topic is missing', async () => {
    const bridges = { out: { pubsub: connectionTo(server), from: { channel: 'audit' }, to: { topic: 'nowhere' } } };
    const gateway = await startGateway({ channels, bridges });
    await expect.poll(async () => (await gateway.bridge('out')).error).toContain('nowhere');
  });
});

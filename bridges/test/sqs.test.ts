import { expect, it, onTestFinished } from 'vitest';
import type { Received } from './conformance/messages.ts';
import { testSink } from './conformance/sink-conformance.ts';
import { testSource } from './conformance/source-conformance.ts';
import { startGateway } from './support/bridge-gateway.ts';
import { noElasticmq, startElasticmq } from './support/elasticmq-broker.ts';
import { guideBridges } from './support/guide.ts';
import { shared } from './support/shared-server.ts';
import { SqsClient } from './support/sqs-client.ts';

let queues = 0;
const start = shared(startElasticmq);

/** After a restart, ElasticMQ 1.6 delivers messages that were sent in one call in any order. */
const isOrderedAfterKill = false;

const KINDS = [
  { kind: 'FIFO', suffix: '.fifo', isFifo: true },
  { kind: 'standard', suffix: '', isFifo: false },
];

for (const { kind, suffix, isFifo } of KINDS) {
  testSource(`Amazon SQS (${kind})`, {
    ...{ skip: noElasticmq, hasKeys: false, isOrdered: isFifo, isOrderedAfterKill },
    keepsAcknowledgements: true, // a receipt is valid on any connection
    start,
    open: async ({ port }) => {
      const client = await SqsClient.create(port, `source-${++queues}${suffix}`);
      let produced = 0;
      return {
        bridge: { sqs: client.connection, from: { queue: client.url, visibility: '5s' } },
        produce: (messages) => client.send(messages.map((message) => ({ ...message, id: `${++produced}` }))),
        unacknowledged: async () => {
          const { ready, hidden } = await client.count();
          return ready + hidden;
        },
        close: async () => client.close(),
      };
    },
  });

  testSink(`Amazon SQS (${kind})`, {
    ...{ skip: noElasticmq, prefix: 'ce_', deduplicates: isFifo, isOrdered: isFifo, isOrderedAfterKill },
    tooLarge: 262_144,
    start,
    open: async ({ port }) => {
      const client = await SqsClient.create(port, `sink-${++queues}${suffix}`);
      const received: Received[] = [];
      return {
        bridge: { sqs: client.connection, to: { queue: client.url } },
        received: async () => {
          for (;;) {
            const messages = await client.take();
            if (messages.length === 0) return [...received];
            received.push(
              ...messages.map(({ Body = '', MessageAttributes = {} }) => {
                const named = Object.entries(MessageAttributes).map(([name, { StringValue = '' }]) => [
                  name,
                  StringValue,
                ]);
                return { body: Body, headers: Object.fromEntries(named) as Record<string, string> };
              }),
            );
          }
        },
        close: async () => client.close(),
      };
    },
  });
}

it.skipIf(noElasticmq)('the examples of the guide work', async () => {
  const server = await start();
  const create = async (name: string) => {
    const client = await SqsClient.create(server.port, name);
    onTestFinished(() => client.close());
    return client;
  };
  const [orders, ofTopic, audit] = [
    await create('orders.fifo'),
    await create('orders-of-topic'),
    await create('audit.fifo'),
  ];
  const bridges = guideBridges('sqs').map((bridge, at) => [
    `guide-${at}`,
    { ...bridge, sqs: { ...(bridge.sqs as object), ...orders.connection } },
  ]);
  const history = { history: true } as const;
  const gateway = await startGateway({
    channels: { 'orders:{customer}': history, audit: history, 'bridge-dead': history },
    bridges: Object.fromEntries(bridges),
  });
  const headers = { type: 'created', customer: '42' };
  await orders.send([{ body: '{"total":99}', group: '42', id: 'order-1', headers }]);
  await expect.poll(() => gateway.messages('orders:42')).toMatchObject([{ event: 'created', data: { total: 99 } }]);
  const envelope = { Type: 'Notification', MessageId: 'm', TopicArn: 'arn:aws:sns:test:1:orders', Subject: 'paid' };
  const MessageAttributes = { customer: { Type: 'String', Value: '43' } };
  await ofTopic.send([{ body: JSON.stringify({ ...envelope, Message: '{"total":1}', MessageAttributes }) }]);
  await expect.poll(() => gateway.messages('orders:43')).toMatchObject([{ event: 'paid', data: { total: 1 } }]);
  await gateway.publish('audit', { n: 1 });
  await expect.poll(async () => (await audit.take()).map(({ Body }) => Body)).toEqual(['{"n":1}']);
});

import { expect, it, onTestFinished } from 'vitest';
import { type Received, testSink } from './conformance/sink-conformance.ts';
import { type Produced, testSource } from './conformance/source-conformance.ts';
import { startGateway } from './support/bridge-gateway.ts';
import { missing } from './support/programs.ts';
import { RABBITMQ, startRabbitmq } from './support/rabbitmq-broker.ts';
import { RabbitClient } from './support/rabbitmq-client.ts';

const skip = missing(RABBITMQ, 'there is no RabbitMQ; apt-get install rabbitmq-server');
let queues = 0;

testSource('RabbitMQ', {
  skip,
  hasKeys: false,
  start: startRabbitmq,
  open: async ({ port }) => {
    const client = new RabbitClient(port);
    const queue = `source-${++queues}`;
    await client.run((channel) => channel.assertQueue(queue, { durable: true }));
    const produced: Produced[] = [];
    const publish = ({ body, headers = {} }: Produced, messageId: string) =>
      client.run(async (channel) => {
        channel.sendToQueue(queue, Buffer.from(body), { persistent: true, headers, messageId });
        await channel.waitForConfirms();
      });
    return {
      bridge: { rabbitmq: { url: `amqp://127.0.0.1:${port}` }, from: { queue } },
      produce: async (messages) => {
        for (const message of messages) await publish(message, `${produced.push(message)}`);
      },
      unacknowledged: () => client.run(async (channel) => (await channel.checkQueue(queue)).messageCount),
      // A queue has no position; this is what a producer does that is not sure.
      rewind: async () => {
        for (const [at, message] of produced.entries()) await publish(message, `${at + 1}`);
      },
      close: () => client.close(),
    };
  },
});

testSink('RabbitMQ', {
  ...{ skip, prefix: 'cloudEvents:', deduplicates: false },
  start: startRabbitmq,
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
  const server = await startRabbitmq();
  onTestFinished(() => server.remove());
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

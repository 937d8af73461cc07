import type { Message } from 'rhea';
import { expect, it, onTestFinished } from 'vitest';
import type { Received } from './conformance/messages.ts';
import { testSink } from './conformance/sink-conformance.ts';
import { testSource } from './conformance/source-conformance.ts';
import { ACTIVEMQS, countOf } from './support/activemq-broker.ts';
import { AmqpClient } from './support/amqp-client.ts';
import { startGateway } from './support/bridge-gateway.ts';
import { guideBridges } from './support/guide.ts';
import { shared } from './support/shared-server.ts';

let queues = 0;

const receivedOf = ({ body, application_properties: headers = {} }: Message): Received => ({
  body: String((body as { content: Buffer }).content),
  headers,
});

for (const { title, skip, deduplicates, ...broker } of ACTIVEMQS) {
  const start = shared(broker.start);
  testSource(title, {
    ...{ skip, start },
    open: async (server) => {
      const queue = `source-${++queues}`;
      const client = new AmqpClient(server.port, queue);
      const produced: Message[] = [];
      return {
        bridge: { activemq: { url: `amqp://127.0.0.1:${server.port}` }, from: { queue } },
        produce: async (messages) => {
          for (const { body, key, headers: application_properties = {} } of messages) {
            const group = key === undefined ? {} : { group_id: key };
            const message = { durable: true, body, application_properties, ...group };
            produced.push({ ...message, message_id: `${produced.length + 1}` });
            await client.send(produced.slice(-1));
          }
        },
        unacknowledged: () => countOf(server, queue),
        // A queue has no position; this is what a producer does that is not sure.
        rewind: () => client.send(produced),
        close: () => client.close(),
      };
    },
  });

  testSink(title, {
    ...{ skip, start, deduplicates, prefix: 'cloudEvents_' },
    open: async (server) => {
      const queue = `sink-${++queues}`;
      const client = new AmqpClient(server.port, queue);
      return {
        bridge: { activemq: { url: `amqp://127.0.0.1:${server.port}` }, to: { address: queue } },
        received: async () => (await client.browse(await countOf(server, queue))).map(receivedOf),
        close: () => client.close(),
      };
    },
  });

  it.skipIf(skip)(`the examples of the guide work with ${title}`, async () => {
    const server = await start();
    const url = `amqp://127.0.0.1:${server.port}`;
    const bridges = guideBridges('activemq').map((bridge, at) => [`guide-${at}`, { ...bridge, activemq: { url } }]);
    const history = { history: true } as const;
    const gateway = await startGateway({
      channels: { 'orders:{customer}': history, audit: history, 'bridge-dead': history },
      bridges: Object.fromEntries(bridges.slice(0, 2)), // the third one reads the same queue
    });
    const orders = new AmqpClient(server.port, 'orders');
    const audit = new AmqpClient(server.port, 'audit');
    onTestFinished(async () => void (await Promise.all([orders.close(), audit.close()])));
    const application_properties = { type: 'created' };
    await orders.send([{ message_id: 'order-1', body: '{"total":99}', group_id: '42', application_properties }]);
    await expect.poll(() => gateway.messages('orders:42')).toMatchObject([{ event: 'created', data: { total: 99 } }]);
    await gateway.publish('audit', { n: 1 }, { event: 'signed-in' });
    await expect.poll(() => countOf(server, 'audit')).toBe(1);
    const [message] = await audit.browse(1);
    expect(message).toMatchObject({ subject: 'signed-in', group_id: 'audit', durable: true });
    expect(receivedOf(message ?? { body: '' }).body).toBe('{"n":1}');
  });
}

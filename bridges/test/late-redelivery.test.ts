import type { ConfigInput } from '@sluice/server';
import type { Clock } from '@sluice/server/bridging';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ACTIVEMQS } from './support/activemq-broker.ts';
import { AmqpClient } from './support/amqp-client.ts';
import { startGateway } from './support/bridge-gateway.ts';
import { dataFolder } from './support/data-folder.ts';
import { noElasticmq, startElasticmq } from './support/elasticmq-broker.ts';
import { runAndKillGateway } from './support/killed-gateway.ts';
import { shared } from './support/shared-server.ts';
import { SqsClient } from './support/sqs-client.ts';

const DAY = 86_400_000;
const channels = { orders: { history: { count: 100, age: '30d' } } } as const;

/** The clock of the machine, some days ahead. */
const ahead = (days: number): Clock => ({
  now: () => Date.now() + days * DAY,
  monotonic: () => performance.now(),
  after: (delay, task) => {
    const timer = setTimeout(task, delay);
    return { cancel: () => clearTimeout(timer) };
  },
});

/** A queue, and a bridge that reads it. */
interface Queue {
  readonly bridge: object;
  readonly produce: () => Promise<void>;
}

const SYSTEMS = [
  ...ACTIVEMQS.map(({ title, skip, start }) => {
    const broker = shared(start);
    return {
      ...{ title, skip },
      open: async (queue: string): Promise<Queue> => {
        const { port } = await broker();
        const client = new AmqpClient(port, queue);
        onTestFinished(() => client.close());
        return {
          bridge: { activemq: { url: `amqp://127.0.0.1:${port}` }, from: { queue } },
          produce: () => client.send([{ durable: true, body: '1', message_id: 'id' }]),
        };
      },
    };
  }),
  {
    ...{ title: 'Amazon SQS', skip: noElasticmq },
    open: async (queue: string): Promise<Queue> => {
      const { port } = await elasticmq();
      const client = await SqsClient.create(port, `${queue}.fifo`);
      onTestFinished(() => client.close());
      return {
        bridge: { sqs: client.connection, from: { queue: client.url, visibility: '5s' } },
        produce: () => client.send([{ body: '1', id: 'id' }]),
      };
    },
  },
];
const elasticmq = shared(startElasticmq);

describe.each(SYSTEMS)('a message of $title that was published and not acknowledged', ({ skip, open }) => {
  it.skipIf(skip).each([
    { days: 6, seen: [1] },
    { days: 8, seen: [1, 1] },
  ])('is in the log as $seen if it is delivered again $days days later', async ({ days, seen }) => {
    const { bridge, produce } = await open(`late-${days}`);
    const bridges = { in: { ...bridge, to: { channel: 'orders' } } };
    const config = { channels, bridges, engine: 'durable', durable: { data: dataFolder() } } as ConfigInput;
    await produce();
    await runAndKillGateway({ config, at: 1 });
    const second = await startGateway(config, { clock: ahead(days) });
    await expect.poll(async () => (await second.bridge('in')).counts.published ?? 0).toBe(1);
    expect(await second.data('orders')).toEqual(seen);
  });
});

import { BROKERS } from '../../../../bridges/test/support/brokers.ts';
import { KafkaTestClient } from '../../../../bridges/test/support/kafka-client.ts';
import { type SoakSystem, sentOf } from './system.ts';

const SOURCE = 'soak-in';
const TARGET = 'soak-out';
const PARTITIONS = 3;

export const kafkaSoak: SoakSystem = {
  ...{ broker: BROKERS.kafka, kill: 'SIGKILL', deduplicates: false },
  open: async ({ port }) => {
    const client = new KafkaTestClient(port);
    await client.createTopic(SOURCE, PARTITIONS);
    await client.createTopic(TARGET, PARTITIONS);
    return {
      connection: { kafka: { brokers: [`127.0.0.1:${port}`] } },
      from: { topics: [SOURCE], group: 'soak' },
      to: { topic: TARGET, envelope: 'raw' },
      key: '{key}',
      produce: async (messages) => {
        const records = messages.map(({ key, body }) => ({ topic: SOURCE, key, value: body }));
        await client.producer.send({ messages: records, acks: -1 });
      },
      stored: async () =>
        (await client.read(SOURCE)).map(({ key = '', body }) => ({ key, n: (JSON.parse(body) as { n: number }).n })),
      sent: async () => (await client.read(TARGET)).map(({ headers, body }) => sentOf(headers, body)),
      close: () => client.close(),
    };
  },
};

import { testSink } from './conformance/sink-conformance.ts';
import { testSource } from './conformance/source-conformance.ts';
import { noKafka as skip, startKafka } from './support/kafka-broker.ts';
import { KafkaTestClient } from './support/kafka-client.ts';
import { shared } from './support/shared-server.ts';

let topics = 0;
const start = shared(startKafka);

testSource('Kafka', {
  skip,
  start,
  open: async ({ port }) => {
    const client = new KafkaTestClient(port);
    const topic = `source-${++topics}`;
    await client.createTopic(topic);
    return {
      bridge: { kafka: { brokers: [`127.0.0.1:${port}`] }, from: { topics: [topic], group: topic } },
      produce: async (messages) => {
        for (const { body, key, headers = {} } of messages) {
          const message = { topic, value: body, headers, ...(key !== undefined && { key }) };
          await client.producer.send({ messages: [message] });
        }
      },
      unacknowledged: () => client.uncommitted(topic, topic),
      rewind: async () => void (await client.admin.deleteGroups({ groups: [topic] })),
      close: () => client.close(),
    };
  },
});

testSink('Kafka', {
  ...{ skip, prefix: 'ce_', deduplicates: false, tooLarge: 1_100_000 },
  start,
  open: async ({ port }) => {
    const client = new KafkaTestClient(port);
    const topic = `sink-${++topics}`;
    await client.createTopic(topic);
    return {
      bridge: { kafka: { brokers: [`127.0.0.1:${port}`] }, to: { topic } },
      received: () => client.read(topic),
      close: () => client.close(),
    };
  },
});

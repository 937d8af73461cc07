import { Admin, Consumer, Producer } from '@platformatic/kafka';
import { bodyOf, groupsOf, headersOf, IN_FLIGHT } from '../messages.mjs';

const TOPIC = 'bench';

const optionsFor = (port) => ({ clientId: 'bench', bootstrapBrokers: [`127.0.0.1:${port}`] });

async function sendAll(port, { count, size, messageOf, onDone = () => {} }) {
  const producer = new Producer({ ...optionsFor(port), idempotent: true });
  for (const numbers of groupsOf(count, size)) {
    await producer.send({ messages: numbers.map(messageOf), acks: -1 });
    onDone(numbers.length);
  }
  await producer.close();
}

const bytesOf = ([name, value]) => [Buffer.from(name), Buffer.from(value)];

export const kafka = {
  title: 'Kafka',
  broker: 'kafka',
  count: 100_000,
  bridge: (port) => ({ kafka: { brokers: [`127.0.0.1:${port}`] } }),
  from: { topics: [TOPIC], group: 'bridge' },
  to: { topic: TOPIC },

  async prepare(port) {
    const admin = new Admin(optionsFor(port));
    await admin.createTopics({ topics: [TOPIC], partitions: 1 });
    await admin.close();
  },

  async fill(port, count) {
    await kafka.prepare(port);
    const messageOf = (n) => ({ topic: TOPIC, key: Buffer.from('all'), value: Buffer.from(bodyOf(n)) });
    await sendAll(port, { count, size: 1_000, messageOf });
  },

  async read({ port, count, onDone }) {
    const consumer = new Consumer({ ...optionsFor(port), groupId: 'bare' });
    const stream = await consumer.consume({ topics: [TOPIC], mode: 'earliest', autocommit: false, maxWaitTime: 1_000 });
    let read = 0;
    let committed = 0;
    for await (const message of stream) {
      JSON.parse(message.value.toString());
      if (++read < count && read - committed < IN_FLIGHT) continue;
      await message.commit();
      onDone(read - committed);
      committed = read;
    }
  },

  async send({ port, count, onDone }) {
    const messageOf = (n) => {
      const headers = { ...headersOf(n, 'ce_'), 'content-type': 'application/json' };
      const content = { key: Buffer.from('bridged'), value: Buffer.from(bodyOf(n)) };
      return { topic: TOPIC, ...content, headers: new Map(Object.entries(headers).map(bytesOf)) };
    };
    await sendAll(port, { count, size: IN_FLIGHT, messageOf, onDone });
  },
};

import { Admin } from '@platformatic/kafka';
import { expect, it, onTestFinished } from 'vitest';
import { noKafka, startKafka } from './support/kafka-broker.ts';

it.skipIf(noKafka)('Kafka keeps its topics when it is killed', async () => {
  const server = await startKafka();
  const bootstrapBrokers = [`127.0.0.1:${server.port}`];
  const admin = new Admin({ clientId: 'test', bootstrapBrokers, retries: 1_000, retryDelay: 50 });
  onTestFinished(() => admin.close());
  await admin.createTopics({ topics: ['orders'] });
  await server.stop('SIGKILL');
  await server.restart();
  expect(await admin.listTopics()).toEqual(['orders']);
});

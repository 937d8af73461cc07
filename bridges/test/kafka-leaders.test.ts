import * as kafkaClient from '@platformatic/kafka';
import { expect, it, onTestFinished } from 'vitest';
import { tolerateLeaderless } from '../src/kafka/tolerate-leaderless.ts';
import { startGateway } from './support/bridge-gateway.ts';
import { newCluster, noKafka, startKafka } from './support/kafka-broker.ts';
import { KafkaTestClient } from './support/kafka-client.ts';

it.skipIf(noKafka)(
  'a bridge reads the other partitions while the leader of one is away, and that one later',
  async () => {
    const cluster = await newCluster();
    const first = await startKafka({ cluster });
    const second = await startKafka({ cluster, isSecond: true });
    const client = new KafkaTestClient(first.port);
    onTestFinished(() => client.close());
    tolerateLeaderless(kafkaClient, client.producer);
    // Otherwise the second broker may be the only one that has it: then no group can be joined without it.
    const offsets = { topics: ['__consumer_offsets'], partitions: -1, replicas: -1 };
    await client.admin.createTopics({ ...offsets, assignments: [{ partition: 0, brokers: [1] }] });
    const assignments = [1, 2].map((broker, partition) => ({ partition, brokers: [broker] }));
    await expect
      .poll(() =>
        client.admin.createTopics({ topics: ['orders'], partitions: -1, replicas: -1, assignments }).then(
          () => true,
          () => false, // the second broker has not joined yet
        ),
      )
      .toBe(true);
    const gateway = await startGateway({
      channels: { 'orders:{p}': { history: true } },
      bridges: {
        in: {
          kafka: { brokers: [`127.0.0.1:${first.port}`] },
          ...{ from: { topics: ['orders'], group: 'sluice' }, to: { channel: 'orders:{data:/p}' } },
        },
      },
    });
    const produce = (p: number, n: number) =>
      client.producer.send({ messages: [{ topic: 'orders', partition: p, value: JSON.stringify({ p, n }) }] });
    await Promise.all([produce(0, 1), produce(1, 1)]);
    await expect.poll(() => gateway.data('orders:1')).toEqual([{ p: 1, n: 1 }]);
    await second.stop('SIGKILL');
    await expect.poll(async () => (await gateway.bridge('in')).error ?? '').toContain('orders/1');
    await produce(0, 2);
    await expect
      .poll(() => gateway.data('orders:0'))
      .toEqual([
        { p: 0, n: 1 },
        { p: 0, n: 2 },
      ]);
    expect((await gateway.bridge('in')).state).toBe('running');
    await second.restart();
    await produce(1, 2);
    await expect
      .poll(() => gateway.data('orders:1'))
      .toEqual([
        { p: 1, n: 1 },
        { p: 1, n: 2 },
      ]);
    await expect.poll(async () => (await gateway.bridge('in')).error).toBeNull();
  },
);

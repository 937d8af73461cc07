import { expect, it } from 'vitest';
import type { KafkaClient } from './kafka-connection.ts';
import { KafkaFetcher, type Leader } from './kafka-fetcher.ts';

const GET_API = Symbol('getApi');

it('fetches without a session, of which a broker keeps few', async () => {
  const fetches: unknown[][] = [];
  const api = { async: async (...values: unknown[]) => void fetches.push(values) };
  class Base {
    readonly connections = { get: async () => 'connection' };
    [GET_API](_: string, answer: (error: null, found: typeof api) => void): void {
      answer(null, api);
    }
  }
  const client = { Base, kGetApi: GET_API } as unknown as KafkaClient;
  const fetcher = new KafkaFetcher({ client, connection: { brokers: ['kafka:9092'] }, maxBytes: 1_000 });
  const partitions = [{ topic: 'orders', topicId: 'id', partition: 0, next: 7n }];
  await fetcher.fetch({ id: 1, broker: { host: 'kafka', port: 9092 }, partitions } as unknown as Leader);
  const [sessionId, sessionEpoch] = fetches[0]?.slice(5) ?? [];
  expect([sessionId, sessionEpoch]).toEqual([0, -1]);
});

it.each([
  ['leaves out partitions without a leader', [1, -1, 7], [[0]]],
  ['rejects if no partition has one', [-1, 7, -1], 'no partition of "orders" has a leader'],
])('%s', async (_, leaders, expected) => {
  class Base {
    metadata = async () => ({
      brokers: new Map([[1, {}]]),
      topics: new Map([['orders', { partitions: leaders.map((leader) => ({ leader })) }]]),
    });
    [GET_API](): void {}
  }
  const client = { Base, kGetApi: GET_API } as unknown as KafkaClient;
  const fetcher = new KafkaFetcher({ client, connection: { brokers: ['kafka:9092'] }, maxBytes: 1_000 });
  const partitions = leaders.map((_leader, partition) => ({ topic: 'orders', topicId: 'id', partition, next: 7n }));
  const found = fetcher.leaders(partitions);
  if (typeof expected === 'string') await expect(found).rejects.toThrow(expected);
  else expect((await found).map((leader) => leader.partitions.map(({ partition }) => partition))).toEqual(expected);
});

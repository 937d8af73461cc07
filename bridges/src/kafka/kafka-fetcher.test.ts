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

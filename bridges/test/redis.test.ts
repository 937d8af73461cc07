import { Redis } from 'ioredis';
import { testSink } from './conformance/sink-conformance.ts';
import { testSource } from './conformance/source-conformance.ts';
import type { BrokerServer } from './support/broker-server.ts';
import { missing } from './support/programs.ts';
import { REDIS, startRedis } from './support/redis-broker.ts';

const skip = missing(REDIS, 'there is no redis-server; apt-get install redis-server');
let streams = 0;

function connect({ port }: BrokerServer): Redis {
  const redis = new Redis(port, { maxRetriesPerRequest: null });
  redis.on('error', () => {}); // it connects again
  return redis;
}

testSource('Redis Streams', {
  skip,
  start: startRedis,
  open: async (server) => {
    const redis = connect(server);
    const stream = `source-${++streams}`;
    return {
      bridge: { redis: { url: `redis://127.0.0.1:${server.port}` }, from: { streams: [stream] } },
      produce: async (messages) => {
        for (const { body, key, headers = {} } of messages) {
          const fields = { ...headers, ...(key !== undefined && { key }), data: body };
          await redis.xadd(stream, '*', ...Object.entries(fields).flat());
        }
      },
      produceBytes: async (body) => void (await redis.xadd(stream, '*', 'data', Buffer.from(body))),
      unacknowledged: async () => {
        const [group] = (await redis.xinfo('GROUPS', stream)) as unknown[][];
        const fields = new Map(group?.map((name, at) => [name, group[at + 1]]));
        return Number(fields.get('pending')) + Number(fields.get('lag') ?? 0);
      },
      rewind: async () => void (await redis.xgroup('SETID', stream, 'sluice', '0')),
      close: async () => redis.disconnect(),
    };
  },
});

testSink('Redis Streams', {
  ...{ skip, prefix: 'ce_', deduplicates: true },
  start: startRedis,
  open: async (server) => {
    const redis = connect(server);
    const stream = `sink-${++streams}`;
    return {
      bridge: { redis: { url: `redis://127.0.0.1:${server.port}` }, to: { stream } },
      received: async () =>
        (await redis.xrange(stream, '-', '+')).map(([, fields]) => {
          const pairs = Array.from({ length: fields.length / 2 }, (_, at) => fields.slice(at * 2, at * 2 + 2));
          const { data: body = '', ...headers } = Object.fromEntries(pairs) as Record<string, string>;
          return { body, headers };
        }),
      close: async () => redis.disconnect(),
    };
  },
});

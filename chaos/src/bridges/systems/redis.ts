import { Redis } from 'ioredis';
import { BROKERS } from '../../../../bridges/test/support/brokers.ts';
import { type Produced, type SoakSystem, sentOf } from './system.ts';

const SOURCE = 'soak-in';
const TARGET = 'soak-out';
/** Entries of one call. */
const PAGE = 1_000;

export const redisSoak: SoakSystem = {
  ...{ broker: BROKERS.redis, kill: 'SIGKILL', deduplicates: true },
  open: async ({ port }) => {
    const redis = new Redis(port, { retryStrategy: () => 50, maxRetriesPerRequest: 0, enableOfflineQueue: false });
    redis.on('error', () => {}); // it connects again
    return {
      connection: { redis: { url: `redis://127.0.0.1:${port}` } },
      from: { streams: [SOURCE] },
      to: { stream: TARGET, envelope: 'raw' },
      key: '{key}',
      produce: (messages) => produce(redis, messages),
      sent: async () => {
        const entries = await readAll(redis);
        return entries.map((fields) => sentOf(fields, fields.data ?? ''));
      },
      close: async () => redis.disconnect(),
    };
  },
};

/** The id is the number, so that a message which is produced again is refused. */
async function produce(redis: Redis, messages: readonly Produced[]): Promise<void> {
  const pipeline = redis.pipeline();
  for (const { n, key, body } of messages) pipeline.xadd(SOURCE, `${n}-1`, 'key', key, 'data', body);
  for (const [error] of (await pipeline.exec()) ?? []) {
    if (error !== null && !error.message.includes('equal or smaller')) throw error;
  }
}

async function readAll(redis: Redis): Promise<readonly Readonly<Record<string, string>>[]> {
  const all: Record<string, string>[] = [];
  for (let after = '-'; ; ) {
    const entries = await redis.xrange(TARGET, after, '+', 'COUNT', PAGE);
    for (const [id, fields] of entries) {
      const pairs = Array.from({ length: fields.length / 2 }, (_, at) => fields.slice(at * 2, at * 2 + 2));
      all.push(Object.fromEntries(pairs) as Record<string, string>);
      after = `(${id}`;
    }
    if (entries.length < PAGE) return all;
  }
}

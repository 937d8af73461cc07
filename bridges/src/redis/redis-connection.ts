import type { BridgeOptions } from '@sluice/server/bridging';
import type { Redis } from 'ioredis';
import { textOption } from '../options.ts';

export type RedisClass = typeof Redis;

/** Milliseconds for the connection. */
const CONNECT = 5_000;
/** Milliseconds for which a server may be silent after a command: longer than a read waits for entries. */
const SILENCE = 15_000;

/** Connects once. Commands fail as soon as the connection is lost: the runner connects again. */
export async function connectRedis(Client: RedisClass, connection: BridgeOptions): Promise<Redis> {
  const redis = new Client(textOption(connection, 'url'), {
    ...{ lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0, enableOfflineQueue: false },
    ...{ connectTimeout: CONNECT, socketTimeout: SILENCE },
  });
  let failure: Error | undefined;
  redis.on('error', (error: Error) => {
    failure = error; // why it was lost; "Connection is closed" alone says little
  });
  try {
    await redis.connect();
    return redis;
  } catch (error) {
    redis.disconnect();
    throw failure ?? error;
  }
}

import type { InboundBridge, OutboundBridge } from '@sluice/server/bridging';
import { loadClient } from '../load-client.ts';
import type { BridgeSystem, SourceHost } from '../systems.ts';
import { RedisSink } from './redis-sink.ts';
import { RedisSource } from './redis-source.ts';

const loadRedis = async (bridge: string) => (await loadClient(bridge, ['ioredis'], () => import('ioredis'))).Redis;

/** Redis Streams. */
export const redisSystem: BridgeSystem = {
  loadSource: async (config: InboundBridge, host: SourceHost) =>
    new RedisSource(await loadRedis(config.name), config, host),
  loadSink: async (config: OutboundBridge) => new RedisSink(await loadRedis(config.name), config),
};

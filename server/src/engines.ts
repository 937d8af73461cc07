import type { Config } from './config/schema.ts';
import { DurableEngine } from './engine/durable/durable-engine.ts';
import type { Engine } from './engine/engine.ts';
import { MemoryEngine } from './engine/memory/memory-engine.ts';
import { RedisEngine } from './engine/redis/redis-engine.ts';
import type { Clock } from './util/clock.ts';

/**
 * Makes the engine that the configuration names.
 *
 * @param options.holder process that an operator stops to release this engine's data folder; this
 *   process by default
 */
export function createEngine({ durable, redis }: Config, clock: Clock, options: { holder?: number } = {}): Engine {
  if (durable !== undefined) return new DurableEngine({ ...durable, ...options, clock });
  if (redis !== undefined) return new RedisEngine({ ...redis, clock });
  return new MemoryEngine({ clock });
}

import type { Config } from './config/schema.ts';
import type { Engine } from './engine/engine.ts';
import { MemoryEngine } from './engine/memory/memory-engine.ts';
import { RedisEngine } from './engine/redis/redis-engine.ts';
import type { Clock } from './util/clock.ts';

/** Makes the engine that a configuration names; not started. */
export function createEngine({ redis }: Config, clock: Clock): Engine {
  if (redis !== undefined) return new RedisEngine({ ...redis, clock });
  return new MemoryEngine({ clock });
}

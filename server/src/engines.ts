import type { Config } from './config/schema.ts';
import { DurableEngine } from './engine/durable/durable-engine.ts';
import type { Engine } from './engine/engine.ts';
import { MemoryEngine } from './engine/memory/memory-engine.ts';
import type { Clock } from './util/clock.ts';

/** Makes the engine that the configuration names. */
export function createEngine({ durable }: Config, clock: Clock): Engine {
  return durable === undefined ? new MemoryEngine({ clock }) : new DurableEngine({ ...durable, clock });
}

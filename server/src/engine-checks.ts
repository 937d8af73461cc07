import { type Config, ConfigError } from './config/schema.ts';
import type { Engine } from './engine/engine.ts';
import { groupProblem } from './groups/engine-support.ts';

/**
 * Refuses what the engine cannot do.
 *
 * @throws ConfigError
 */
export function checkEngine(
  { groups, name }: Engine,
  { channels, webhooks }: Pick<Config, 'channels' | 'webhooks'>,
): void {
  if (groups !== undefined) return;
  const problem = groupProblem(channels, name);
  if (problem !== null) throw new ConfigError([problem]);
  if (webhooks.length > 0) {
    throw new ConfigError([
      `webhooks: the engine "${name}" has no consumer groups. Choose another engine, or remove them`,
    ]);
  }
}

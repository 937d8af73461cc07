/**
 * The table of options, by what they are about: the only place that knows an option's shape, default, environment variable, flag and
 * meaning. The loader, `sluice check`, `--help` and the reference in the docs all read it.
 */

import { ACCESS_OPTIONS } from './options/access.ts';
import { CHANNELS_OPTIONS } from './options/channels.ts';
import { CONNECTIONS_OPTIONS } from './options/connections.ts';
import { ENGINE_OPTIONS } from './options/engine.ts';
import { LIMITS_OPTIONS } from './options/limits.ts';
import { LISTENING_OPTIONS } from './options/listening.ts';
import { LOG_OPTIONS } from './options/log.ts';
import { NODES_OPTIONS } from './options/nodes.ts';
import type { Option } from './options/option.ts';
import { REDIS_OPTIONS } from './options/redis.ts';

export type { Option, TextKind } from './options/option.ts';

export const OPTIONS: readonly Option[] = [
  ...LISTENING_OPTIONS,
  ...ACCESS_OPTIONS,
  ...ENGINE_OPTIONS,
  ...REDIS_OPTIONS,
  ...CHANNELS_OPTIONS,
  ...LIMITS_OPTIONS,
  ...CONNECTIONS_OPTIONS,
  ...NODES_OPTIONS,
  ...LOG_OPTIONS,
];

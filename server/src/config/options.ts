/**
 * The table of options: the only place that defines an option's name, shape, default, environment
 * variable, flag and meaning. The type `Config`, the loader, `sluice check`, `--help` and
 * docs/configuration.md are derived from it.
 */

import { ACCESS_OPTIONS } from './options/access.ts';
import { APPS_OPTIONS } from './options/apps.ts';
import { BRIDGES_OPTIONS } from './options/bridges.ts';
import { CHANNELS_OPTIONS } from './options/channels.ts';
import { CONNECTIONS_OPTIONS } from './options/connections.ts';
import { DURABLE_OPTIONS, ENGINE_OPTIONS } from './options/engine.ts';
import { LIMITS_OPTIONS } from './options/limits.ts';
import { LISTENING_OPTIONS } from './options/listening.ts';
import { LOG_OPTIONS } from './options/log.ts';
import { NODES_OPTIONS } from './options/nodes.ts';
import { type InferInput, type InferOptions, type OptionRow, rowsOf } from './options/option.ts';
import { OUTGOING_OPTIONS } from './options/outgoing.ts';
import { REDIS_OPTIONS } from './options/redis.ts';
import { SCHEDULES_OPTIONS } from './options/schedules.ts';
import { TRACING_OPTIONS } from './options/tracing.ts';

export type { OptionRow, TextKind } from './options/option.ts';

export const OPTIONS = {
  ...LISTENING_OPTIONS,
  ...ACCESS_OPTIONS,
  ...ENGINE_OPTIONS,
  durable: DURABLE_OPTIONS,
  redis: REDIS_OPTIONS,
  ...CHANNELS_OPTIONS,
  ...SCHEDULES_OPTIONS,
  ...OUTGOING_OPTIONS,
  ...BRIDGES_OPTIONS,
  limits: LIMITS_OPTIONS,
  ...CONNECTIONS_OPTIONS,
  ...NODES_OPTIONS,
  log: LOG_OPTIONS,
  ...TRACING_OPTIONS,
  ...APPS_OPTIONS,
};

/** Every option with its path, in the order of the reference. */
export const OPTION_ROWS: readonly OptionRow[] = rowsOf(OPTIONS);

/** The checked values of all options, each by itself. `Config` has their combined meaning. */
export type Settings = InferOptions<typeof OPTIONS>;

/** The input type of all options. */
export type SettingsInput = InferInput<typeof OPTIONS>;

import type { Config, ConfigInput } from './config.ts';

export type { Rule } from '../auth/rule.ts';
export type { Config, ConfigInput } from './config.ts';

/** All that is wrong with a configuration. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

/**
 * Checks a configuration and fills in the defaults. A `Config` that it made itself is returned as it is.
 *
 * @throws ConfigError with every problem
 */
export function parseConfig(_input: ConfigInput | Config): Config {
  throw new ConfigError(['not written yet']);
}

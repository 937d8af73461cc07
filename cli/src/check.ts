import type { Config } from '@sluice/server/cli-support';
import { describeConfig, hintsFor } from '@sluice/server/cli-support';
import type { Command } from 'commander';
import { stringify } from 'yaml';
import { addConfigFlags, loadFor } from './config-flags.ts';
import { KEPT_KEYS, readDevKeys } from './dev-keys.ts';
import type { Shell } from './shell.ts';

const EXAMPLES = `
Examples:
  $ sluice check                        the sluice.yaml of this folder, with the environment
  $ sluice check --config prod.yaml && deploy`;

/** Explains an empty list, whose meaning is not obvious. */
function describeOrigins({ origins, dev }: Config): { origins?: string } {
  if (origins.length > 0) return {};
  const pages = dev ? 'pages of this machine' : 'pages served by this gateway';
  return { origins: `none, so only ${pages} may connect` };
}

async function check(flags: Readonly<Record<string, unknown>>, shell: Shell): Promise<void> {
  const { config, file } = await loadFor(flags, shell).catch((error: unknown) => {
    if (flags.dev !== true && readDevKeys(shell.cwd).devSecret !== undefined) {
      shell.err(`hint: ${KEPT_KEYS} is of "sluice serve --dev". To check that: sluice check --dev`);
    }
    throw error;
  });
  shell.out(`# ${file ?? 'no file'}: the configuration is valid; this is the configuration in force, secrets hidden`);
  for (const hint of hintsFor(config)) shell.err(`hint: ${hint}`);
  shell.out(stringify({ ...describeConfig(config), ...describeOrigins(config) }).trimEnd());
}

/** `sluice check`: prints the configuration in force, or all its problems. */
export function addCheck(program: Command, shell: Shell): void {
  const command = program
    .command('check')
    .description('Check the configuration, and print the configuration in force.');
  addConfigFlags(command)
    .addHelpText('after', EXAMPLES)
    .action((flags: Record<string, unknown>) => check(flags, shell));
}

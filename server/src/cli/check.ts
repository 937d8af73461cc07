import type { Command } from 'commander';
import { stringify } from 'yaml';
import { describeConfig } from '../config/describe.ts';
import { hintsFor } from '../config/hints.ts';
import { addConfigFlags, loadFor } from './config-flags.ts';
import type { Shell } from './shell.ts';

const EXAMPLES = `
Examples:
  $ sluice check                        the sluice.yaml of this folder, with the environment
  $ sluice check --config prod.yaml && deploy`;

async function check(flags: Readonly<Record<string, unknown>>, shell: Shell): Promise<void> {
  const { config, file } = await loadFor(flags, shell);
  shell.out(`# ${file ?? 'no file'}: the configuration is right; this is what would be in force, secrets hidden`);
  for (const hint of hintsFor(config)) shell.err(`hint: ${hint}`);
  shell.out(stringify(describeConfig(config)).trimEnd());
}

/** `sluice check`: prints the configuration in force, or all that is wrong with it. */
export function addCheck(program: Command, shell: Shell): void {
  const command = program.command('check').description('Check the configuration, and print what would be in force.');
  addConfigFlags(command)
    .addHelpText('after', EXAMPLES)
    .action((flags: Record<string, unknown>) => check(flags, shell));
}

import type { Invented } from '@sluice/server/cli-support';
import { type Loaded, load, OPTION_ROWS } from '@sluice/server/cli-support';
import type { Command } from 'commander';
import type { Shell } from './shell.ts';

/** Removes Markdown, which a terminal does not render. */
const plain = (markdown: string): string => markdown.replaceAll('`', '');

/** Adds the flags of the table of options, and `--config`, to a command. */
export function addConfigFlags(command: Command): Command {
  command.option('--config <file>', 'configuration file; default: sluice.yaml, .yml, .json in this folder');
  for (const { flag, description, defaultText } of OPTION_ROWS) {
    if (flag !== undefined) command.option(flag, `${plain(description)} Default: ${plain(defaultText)}.`);
  }
  return command;
}

/** Loads the configuration for a command, and prints remarks for the operator. */
export async function loadFor(
  flags: Readonly<Record<string, unknown>>,
  shell: Shell,
  invented: Invented = {},
): Promise<Loaded> {
  const file = typeof flags.config === 'string' ? flags.config : undefined;
  const loaded = await load({ file, env: shell.env, flags, cwd: shell.cwd, terminal: shell.terminal, invented });
  for (const note of loaded.gathered.notes ?? []) shell.err(note);
  return loaded;
}

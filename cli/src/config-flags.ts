import type { Invented } from '@sluice/server/cli-support';
import { ConfigError, type Loaded, load, OPTION_ROWS } from '@sluice/server/cli-support';
import type { Command } from 'commander';
import { KEPT_KEYS, readDevKeys } from './dev-keys.ts';
import type { Shell } from './shell.ts';

/** Removes Markdown, which a terminal does not render. A link in parentheses only says where to read on. */
const plain = (markdown: string): string =>
  markdown
    .replace(/\(\[[^\]]*\]\(([^)#]*)[^)]*\)\)/g, '(docs/$1)')
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replaceAll('`', '');

/**
 * Adds the flags of the table of options, and `--config`, to a command.
 *
 * @param options.hidden does the help leave out all but `--config`, because they hardly matter to the command?
 */
export function addConfigFlags(command: Command, { hidden = false } = {}): Command {
  command.option('--config <file>', 'configuration file; default: sluice.yaml, .yml, .json in this folder');
  for (const { flag, description, defaultText } of OPTION_ROWS) {
    if (flag === undefined) continue;
    const option = command.createOption(flag, `${plain(description)} Default: ${plain(defaultText)}.`);
    command.addOption(option.hideHelp(hidden));
  }
  return command;
}

/** Loads the configuration for a command, with the keys of development, and prints remarks for the operator. */
export async function loadFor(
  flags: Readonly<Record<string, unknown>>,
  shell: Shell,
  invented: Invented = readDevKeys(shell.cwd),
): Promise<Loaded> {
  const file = typeof flags.config === 'string' ? flags.config : undefined;
  const loaded = await load({ file, env: shell.env, flags, cwd: shell.cwd, terminal: shell.terminal, invented });
  for (const note of loaded.gathered.notes ?? []) shell.err(note);
  return loaded;
}

/**
 * The same for a command that needs no gateway: a configuration without keys that `sluice serve --dev`
 * has used in this folder is loaded as it does.
 */
export async function loadAsServed(flags: Readonly<Record<string, unknown>>, shell: Shell): Promise<Loaded> {
  try {
    return await loadFor(flags, shell);
  } catch (error) {
    const lacksKeys = error instanceof ConfigError && error.problems.every((problem) => problem.startsWith('keys: '));
    if (!lacksKeys || readDevKeys(shell.cwd).devSecret === undefined) throw error;
    shell.err(`the configuration has no keys: read as "sluice serve --dev" does, with those of ${KEPT_KEYS}`);
    return loadFor({ ...flags, dev: true }, shell);
  }
}

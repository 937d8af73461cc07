import { resolve } from 'node:path';
import type { Gathered, Loaded } from '@sluice/server/cli-support';
import { ConfigError } from '@sluice/server/cli-support';
import { loadFor } from './config-flags.ts';
import type { Serving, Shell } from './shell.ts';

export interface ReloadOptions {
  readonly loaded: Loaded;
  readonly flags: Readonly<Record<string, unknown>>;
  readonly shell: Shell;
}

/**
 * In development mode, applies the channel rules whenever the configuration file or the module with
 * the contracts changes. Invalid files leave the rules unchanged. All other options need a restart.
 *
 * @returns a function that stops watching
 */
export function reloadRules(gateway: Serving, { loaded, flags, shell }: ReloadOptions): () => void {
  const files = filesOf(loaded.gathered);
  if (gateway.reload === undefined || files.length === 0) return () => {};
  let before = settingsOf(loaded);
  const reload = async (): Promise<void> => {
    const next = await loadFor(flags, shell, loaded.config);
    await gateway.reload?.(next.config);
    const { length } = next.config.channels;
    shell.err(`sluice: channel rules reloaded (${length}); open channels keep their history and "slow"`);
    if (settingsOf(next) !== before) shell.err('sluice: other options have changed too. Restart to apply them');
    before = settingsOf(next);
  };
  let last = Promise.resolve(); // in order, so that the latest configuration wins
  return shell.watch(files, {
    changed: () => {
      last = last.then(reload).catch((error: unknown) => shell.err(describeFailure(error)));
    },
    failed: (error) => {
      const reason = error instanceof Error ? error.message : String(error);
      shell.err(`sluice: channel rules are not reloaded: restart after a change (${reason})`);
    },
  });
}

function describeFailure(error: unknown): string {
  if (error instanceof ConfigError) return `sluice: the rules stay as they were. ${error.message}`;
  return `sluice: reloading the channel rules failed. Restart to apply them. ${String(error)}`;
}

function filesOf({ file, input, directory }: Gathered): string[] {
  const contracts = typeof input.contracts === 'string' ? [resolve(directory, input.contracts)] : [];
  return file === undefined ? contracts : [file, ...contracts];
}

/** The configuration without rules, for comparison. */
const settingsOf = ({ config }: Loaded): string => JSON.stringify({ ...config, channels: [], node: '' });

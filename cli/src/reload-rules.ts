import { resolve } from 'node:path';
import type { Config, Gathered, Loaded } from '@sluice/server/cli-support';
import { ConfigError, describeConfig } from '@sluice/server/cli-support';
import { loadFor } from './config-flags.ts';
import type { Serving, Shell } from './shell.ts';

export interface ReloadOptions {
  readonly loaded: Loaded;
  readonly flags: Readonly<Record<string, unknown>>;
  readonly shell: Shell;
}

/**
 * Applies the channel rules of the configuration at every SIGHUP; in development mode also whenever
 * the configuration file or the module with the contracts changes. Invalid files leave the rules
 * unchanged. All other options need a restart.
 *
 * @returns a function that stops that
 */
export function reloadRules(gateway: Serving, options: ReloadOptions): () => void {
  const { loaded, shell } = options;
  const reload = reloader(gateway, options);
  const stopListening = shell.onReload(reload);
  const files = loaded.config.dev && gateway.reload !== undefined ? filesOf(loaded.gathered) : [];
  if (files.length === 0) return stopListening;
  const unwatch = shell.watch(files, {
    changed: reload,
    failed: (error) => {
      const reason = error instanceof Error ? error.message : String(error);
      shell.err(`sluice: channel rules are not reloaded: restart after a change (${reason})`);
    },
  });
  return () => {
    stopListening();
    unwatch();
  };
}

/** Reloads one after the other, so that the latest configuration wins. */
function reloader(gateway: Serving, { loaded, flags, shell }: ReloadOptions): () => void {
  let before = loaded;
  const reload = async (): Promise<void> => {
    if (gateway.reload === undefined) {
      shell.err('sluice: a gateway with workers does not reload its rules. Restart it');
      return;
    }
    const next = await loadFor(flags, shell, loaded.config);
    await gateway.reload(next.config);
    const { length } = next.config.channels;
    shell.err(`sluice: channel rules reloaded (${length}): ${differences(before.config, next.config)}`);
    if (settingsOf(next) !== settingsOf(before)) {
      shell.err('sluice: other options have changed too. Restart to apply them');
    }
    before = next;
  };
  let last = Promise.resolve();
  return () => {
    last = last.then(reload).catch((error: unknown) => shell.err(describeFailure(error)));
  };
}

type Described = Readonly<Record<string, unknown>>;
const rulesOf = (config: Config): Described => describeConfig(config).channels as Described;

/** Names the rules that differ. */
function differences(before: Config, next: Config): string {
  const [old, fresh] = [rulesOf(before), rulesOf(next)];
  const changed = (pattern: string) => JSON.stringify(old[pattern]) !== JSON.stringify(fresh[pattern]);
  const lists: [string, string[]][] = [
    ['added', Object.keys(fresh).filter((pattern) => !(pattern in old))],
    ['removed', Object.keys(old).filter((pattern) => !(pattern in fresh))],
    ['changed', Object.keys(fresh).filter((pattern) => pattern in old && changed(pattern))],
  ];
  const named = lists.filter(([, patterns]) => patterns.length > 0);
  if (named.length === 0) return 'no difference';
  return named.map(([what, patterns]) => `${what} ${patterns.map((pattern) => `"${pattern}"`).join(', ')}`).join('; ');
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

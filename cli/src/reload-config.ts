import { resolve } from 'node:path';
import type { Gathered, Loaded, ReloadReport } from '@sluice/server/cli-support';
import { ConfigError } from '@sluice/server/cli-support';
import { loadFor } from './config-flags.ts';
import type { Shell } from './shell.ts';

/** What applies another configuration: a gateway, or the supervisor of several. */
export interface Reloadable {
  reload(loaded: Loaded): Promise<ReloadReport>;
  /** Sets where `POST /api/v1/reload` gets the configuration. */
  reloadFrom(load: () => Promise<Loaded>): void;
}

export interface ReloadOptions {
  readonly loaded: Loaded;
  readonly flags: Readonly<Record<string, unknown>>;
  readonly shell: Shell;
}

/**
 * Applies the configuration again at every SIGHUP and `POST /api/v1/reload`; in development mode also
 * whenever the configuration file or the module with the contracts changes. Invalid files change
 * nothing.
 *
 * @returns a function that stops that
 */
export function reloadConfig(gateway: Reloadable, options: ReloadOptions): () => void {
  const { loaded, shell } = options;
  const load = () => loadFor(options.flags, shell, loaded.config);
  gateway.reloadFrom(load);
  const reload = reloader(gateway, options, load);
  const stopListening = shell.onReload(reload);
  const files = loaded.config.dev ? filesOf(loaded.gathered) : [];
  if (files.length === 0) return stopListening;
  const unwatch = shell.watch(files, {
    changed: reload,
    failed: (error) => {
      const reason = error instanceof Error ? error.message : String(error);
      shell.err(`sluice: the configuration is not reloaded: restart after a change (${reason})`);
    },
  });
  return () => {
    stopListening();
    unwatch();
  };
}

/** Reloads one after the other, so that the latest configuration wins. */
function reloader(gateway: Reloadable, { shell }: ReloadOptions, load: () => Promise<Loaded>): () => void {
  const reload = async (): Promise<void> => {
    const { changes, restart } = await gateway.reload(await load());
    const named = changes.length === 0 ? 'no difference' : changes.join('; ');
    shell.err(`sluice: configuration reloaded: ${named}`);
    if (restart.length > 0) shell.err(`sluice: restart to apply other changes: ${restart.join(', ')}`);
  };
  let last = Promise.resolve();
  return () => {
    last = last.then(reload).catch((error: unknown) => shell.err(describeFailure(error)));
  };
}

function describeFailure(error: unknown): string {
  if (error instanceof ConfigError) return `sluice: the configuration stays as it was. ${error.message}`;
  return `sluice: reloading the configuration failed, and nothing has changed. ${String(error)}`;
}

function filesOf({ file, input, directory }: Gathered): string[] {
  const apps = Object.values((input.apps ?? {}) as object) as readonly unknown[];
  const contracts = [input, ...apps].flatMap((app) => {
    const path = (app as { contracts?: unknown } | null)?.contracts;
    return typeof path === 'string' ? [resolve(directory, path)] : [];
  });
  return file === undefined ? contracts : [file, ...contracts];
}

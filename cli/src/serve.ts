import type { Loaded } from '@sluice/server/cli-support';
import type { Command } from 'commander';
import { addConfigFlags, loadFor } from './config-flags.ts';
import { devBanner } from './dev-banner.ts';
import { keepDevKeys, readDevKeys } from './dev-keys.ts';
import { type Reloadable, reloadConfig } from './reload-config.ts';
import type { Serving, ServingGateway, Shell } from './shell.ts';

const EXAMPLES = `
Examples:
  $ sluice serve --dev                          on this machine, with keys made for this folder (.sluice/dev.json)
  $ sluice serve --dev --host 0.0.0.0           other devices in this network may connect, too
  $ sluice serve --config sluice.yaml           as the file says
  $ sluice serve --workers auto                 with a process for each core (Linux)
  $ SLUICE_SECRET=… PORT=9000 sluice serve      as the environment says`;

/**
 * Resolves at the first signal, or when the npm that started this process has ended. Every later
 * signal ends this process.
 */
function firstSignal(shell: Shell): Promise<void> {
  return new Promise((resolve) => {
    let signals = 0;
    shell.onOrphaned(resolve);
    shell.onSignal(() => {
      signals += 1;
      if (signals > 1) shell.exit(1);
      else resolve();
    });
  });
}

/** A gateway in this process, or the supervisor of several processes. */
async function create(loaded: Loaded, shell: Shell): Promise<{ gateway: Serving; reloadable: Reloadable }> {
  if (loaded.config.workers === 1) {
    const gateway = (await shell.loadGateway()).createGateway(loaded.config);
    return { gateway, reloadable: reloadableGateway(gateway) };
  }
  const { Supervisor } = await shell.loadSupervisor();
  const gateway = new Supervisor(loaded);
  return { gateway, reloadable: gateway };
}

const reloadableGateway = (gateway: ServingGateway): Reloadable => ({
  reload: ({ config }) => gateway.reload(config),
  reloadFrom: (load) => gateway.reloadFrom(async () => (await load()).config),
});

async function serve(flags: Readonly<Record<string, unknown>>, shell: Shell): Promise<void> {
  const kept = readDevKeys(shell.cwd);
  const loaded = await loadFor(flags, shell, kept);
  const { config } = loaded;
  if (config.dev) keepDevKeys(config, kept, shell);
  const { gateway, reloadable } = await create(loaded, shell);
  const stopped = firstSignal(shell);
  const { url } = await gateway.start();
  const stopReloading = reloadConfig(reloadable, { loaded, flags, shell });
  if (config.dev) shell.err(devBanner(url, config));
  await Promise.race([stopped, gateway.stopped]);
  stopReloading();
  await gateway.close();
}

/** `sluice serve`: runs a gateway until SIGTERM or SIGINT. */
export function addServe(program: Command, shell: Shell): void {
  const command = program
    .command('serve')
    .description(
      'Run a gateway. SIGTERM drains it: clients are asked to reconnect elsewhere. SIGHUP reloads the configuration.',
    );
  addConfigFlags(command)
    .addHelpText('after', EXAMPLES)
    .action((flags: Record<string, unknown>) => serve(flags, shell));
}

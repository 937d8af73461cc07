import type { Command } from 'commander';
import type { Loaded } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { addConfigFlags, loadFor } from './config-flags.ts';
import type { Serving, Shell } from './shell.ts';

const EXAMPLES = `
Examples:
  $ sluice serve --dev                          on this machine, with keys made for this run
  $ sluice serve --config sluice.yaml           as the file says
  $ sluice serve --workers auto                 with a process for each core (Linux)
  $ SLUICE_SECRET=… PORT=9000 sluice serve      as the environment says`;

/** What somebody who tries it out wants to know first. */
export function devBanner(url: string, config: Config): string {
  const route = config.devSecret !== undefined;
  const line = `curl -H "Authorization: Bearer $KEY" -H "Content-Type: application/json" -d '{"channel":"chat:lobby","data":{"text":"Hello"}}' ${url}/api/v1/publish`;
  return [
    '',
    `  Sluice is listening on ${url} (development: not for production)`,
    '',
    ...(config.static === undefined ? [] : [`  demo        ${url}/`]),
    `  connect     ${url.replace(/^http/, 'ws')}${config.path}`,
    ...(route ? [`  token       curl "${url}/dev/token?sub=ada"`] : []),
    '  subscribe   sluice subscribe chat:lobby',
    `  publish     sluice publish chat:lobby '{"text":"Hello"}'`,
    `  or          ${config.devApiKey === undefined ? line : `KEY=${config.devApiKey}; ${line}`}`,
    '',
  ].join('\n');
}

/** Resolves at the first signal; every later one ends the process. */
function firstSignal(shell: Shell): Promise<void> {
  return new Promise((resolve) => {
    let signals = 0;
    shell.onSignal(() => {
      signals += 1;
      if (signals > 1) shell.exit(1);
      else resolve();
    });
  });
}

/** A gateway in this process, or the supervisor of several. */
async function create(loaded: Loaded, shell: Shell): Promise<Serving> {
  if (loaded.config.workers === 1) return (await shell.loadGateway()).createGateway(loaded.config);
  const { Supervisor } = await shell.loadSupervisor();
  return new Supervisor(loaded);
}

async function serve(flags: Readonly<Record<string, unknown>>, shell: Shell): Promise<void> {
  const loaded = await loadFor(flags, shell);
  const { config } = loaded;
  const gateway = await create(loaded, shell);
  const stopped = firstSignal(shell);
  const { url } = await gateway.start();
  if (config.dev) shell.err(devBanner(url, config));
  await Promise.race([stopped, gateway.stopped]);
  await gateway.close();
}

/** `sluice serve`: runs a gateway until SIGTERM or SIGINT. */
export function addServe(program: Command, shell: Shell): void {
  const command = program
    .command('serve')
    .description('Run a gateway. SIGTERM drains it: clients are told to reconnect elsewhere.');
  addConfigFlags(command)
    .addHelpText('after', EXAMPLES)
    .action((flags: Record<string, unknown>) => serve(flags, shell));
}

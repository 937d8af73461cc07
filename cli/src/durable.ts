import { loadRepairTools } from '@sluice/server/cli-support';
import type { Command } from 'commander';
import { CliError } from './cli-error.ts';
import { printable } from './printable.ts';
import type { Shell } from './shell.ts';

const EXAMPLES = `
Examples:
  $ sluice durable check --data ./data                    look at everything, change nothing
  $ sluice durable salvage --data ./data --into ./saved   copy what can be read into a new folder

Stop the gateway first. Both only read the folder, so that nothing gets worse.`;

interface Folders {
  readonly data: string;
  readonly into: string;
}

const number = (count: number): string => count.toLocaleString('en');

async function check({ data }: Folders, shell: Shell): Promise<void> {
  const { checkFolder } = await loadRepairTools();
  const found = await checkFolder(data);
  shell.out(`${data}: ${number(found.bytes)} bytes`);
  shell.out(
    `${number(found.channels)} channels, ${number(found.messages)} messages, ${number(found.keys)} idempotency keys, ${number(found.revocations)} revocations`,
  );
  if (found.problemCount === 0) {
    shell.out('nothing is damaged');
    return;
  }
  for (const problem of found.problems) shell.out(printable(`damaged: ${problem}`));
  const more = found.problemCount - found.problems.length;
  if (more > 0) shell.out(`and ${number(more)} more`);
  throw new CliError(
    `${data} is damaged. Restore it from a backup, or copy what can be read: sluice durable salvage --data ${data} --into NEW`,
  );
}

async function salvage({ data, into }: Folders, shell: Shell): Promise<void> {
  const { salvageFolder } = await loadRepairTools();
  const saved = await salvageFolder(data, into);
  shell.out(
    `copied into ${into}: ${number(saved.channels)} channels, ${number(saved.messages)} messages, ${number(saved.revocations)} revocations`,
  );
  if (saved.isWhole) {
    shell.out('nothing was damaged: this is a copy, with the same epochs');
    return;
  }
  shell.out(
    `lost, according to the store: ${number(saved.lostMessages)} messages of these channels, ${number(saved.lostChannels)} channels`,
  );
  if (saved.namelessChannels > 0) {
    shell.out(
      `${number(saved.namelessChannels)} of the channels have lost their names, and are called "salvaged:<number>": a rule for "salvaged:{number}" makes them readable`,
    );
  }
  shell.out('all channels begin a new epoch: subscribers get a gap, and what the log has');
}

/** `sluice durable`: maintains a data folder while no gateway uses it. */
export function addDurable(program: Command, shell: Shell): void {
  const command = program
    .command('durable')
    .description('Check the data folder of the durable engine, or copy what can be read of a damaged one.')
    .addHelpText('after', EXAMPLES);
  command
    .command('check')
    .description('Check every page and every record. Exits with 1 if anything is damaged.')
    .requiredOption('--data <folder>', 'the folder, as in "durable.data"')
    .action((folders: Folders) => check(folders, shell));
  command
    .command('salvage')
    .description('Copy what can be read into a new folder.')
    .requiredOption('--data <folder>', 'the damaged folder; it is only read')
    .requiredOption('--into <folder>', 'the new one, which must not exist yet')
    .action((folders: Folders) => salvage(folders, shell));
}

import type { Command } from 'commander';

import { urlArgument } from './arguments.ts';
import { CliError } from './cli-error.ts';
import { DEFAULT_URL, fetchFrom, findKey, httpUrl, readAnswer } from './gateway-url.ts';
import { printable } from './printable.ts';
import type { Shell } from './shell.ts';

const EXAMPLES = `
Examples:
  $ sluice bridges                                      at a gateway that runs with --dev on this machine
  $ SLUICE_API_KEY=… sluice bridges --url https://rt.example.com --json

A bridge runs on one node, and one from Kafka on each. The table shows all nodes of the cluster. Exit code: 1 if a bridge has failed for good.`;

interface BridgesFlags {
  readonly url: URL;
  readonly key?: string;
  readonly json?: boolean;
}

interface Status {
  readonly name: string;
  readonly system: string;
  readonly direction: 'in' | 'out';
  readonly state: string;
  readonly error: string | null;
  readonly counts: Readonly<Record<string, number>>;
  readonly lag: number | null;
}

const countsOf = ({ counts, lag }: Status): string =>
  [
    ...Object.entries(counts).map(([outcome, count]) => `${outcome} ${count}`),
    ...(lag === null ? [] : [`lag ${lag}`]),
  ].join(', ');

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function inWords(bridges: readonly Status[]): string {
  if (bridges.length === 0) return 'This gateway has no bridges.';
  const rows = bridges.map((bridge) => {
    const { name, system, direction, state, error } = bridge;
    return [name, `${direction === 'in' ? 'from' : 'to'} ${system}`, state, countsOf(bridge), error ?? ''].map(
      printable,
    );
  });
  return table([['NAME', 'SYSTEM', 'STATE', 'MESSAGES', 'LATEST ERROR'], ...rows]);
}

async function showBridges(flags: BridgesFlags, shell: Shell): Promise<void> {
  const authorization = `Bearer ${await findKey(flags, shell)}`;
  const response = await fetchFrom(httpUrl(flags.url, '/api/v1/bridges'), { headers: { authorization } }, shell);
  const { bridges } = (await readAnswer(response)) as { readonly bridges: readonly Status[] };
  shell.out(flags.json === true ? JSON.stringify(bridges) : inWords(bridges));
  if (bridges.some(({ state }) => state === 'failed')) throw new CliError('a bridge has failed');
}

/** `sluice bridges`: the state of each bridge. */
export function addBridges(program: Command, shell: Shell): void {
  program
    .command('bridges')
    .description('Show the state of the bridges.')
    .option('--url <url>', 'the gateway', urlArgument, new URL(DEFAULT_URL))
    .option(
      '--key <key>',
      'API key that may manage everything; prefer SLUICE_API_KEY, which other users of the machine cannot see',
    )
    .option('--json', 'print the state as JSON')
    .addHelpText('after', EXAMPLES)
    .action((flags: BridgesFlags) => showBridges(flags, shell));
}

import type { Command } from 'commander';
import { urlArgument } from './arguments.ts';
import { CliError } from './cli-error.ts';
import { DEFAULT_URL, fetchFrom, findKey, httpUrl, readAnswer } from './gateway-url.ts';
import { printable } from './printable.ts';
import type { Shell } from './shell.ts';

const EXAMPLES = `
Examples:
  $ sluice tap --user ada                               what all nodes do for the connections of ada
  $ sluice tap --channel chat:lobby --seconds 10        what happens on a channel
  $ sluice tap --user ada --payloads --json             with the data, as lines of JSON

It needs an API key that may manage the channel; for a user, all channels. Nodes log who taps whom.`;

interface TapFlags {
  readonly url: URL;
  readonly key?: string;
  readonly user?: string;
  readonly channel?: string;
  readonly seconds: string;
  readonly payloads?: boolean;
  readonly json?: boolean;
}

/** Seconds that the answer may take longer than the tap. */
const MORE = 10;

type Entry = Readonly<Record<string, unknown>> & { readonly type: string };

/** One entry as a line for people. */
function inWords({ time, node, type, user, connection, channel, ...rest }: Entry): string {
  const at = typeof time === 'number' ? new Date(time).toISOString().slice(11, 23) : undefined;
  const details = Object.entries(rest).map(([name, value]) => `${name}=${show(value)}`);
  const parts = [at, node, type, user, connection, channel, ...details].filter((part) => part !== undefined);
  return printable(parts.join(' '));
}

const show = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

function tapUrl({ url, user, channel, seconds, payloads }: TapFlags): URL {
  if ((user === undefined) === (channel === undefined)) throw new CliError('give --user or --channel, and not both', 2);
  const route = httpUrl(url, '/api/v1/tap');
  if (user !== undefined) route.searchParams.set('user', user);
  if (channel !== undefined) route.searchParams.set('channel', channel);
  route.searchParams.set('seconds', seconds);
  if (payloads === true) route.searchParams.set('payloads', 'true');
  return route;
}

async function tap(flags: TapFlags, shell: Shell): Promise<void> {
  const route = tapUrl(flags);
  const headers = { Authorization: `Bearer ${await findKey(flags, shell)}` };
  const within = (Number(flags.seconds) || MORE) * 1_000 + MORE * 1_000;
  const response = await fetchFrom(route, { headers }, shell, within);
  if (!response.ok || response.body === null) {
    await readAnswer(response);
    return;
  }
  for await (const line of linesOf(response.body)) shell.out(flags.json === true ? line : inWords(JSON.parse(line)));
}

/** Empty lines keep the connection open. */
async function* linesOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const piece of body) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines.filter((line) => line !== '');
  }
}

/** `sluice tap`: shows live what all nodes do for a user or on a channel. */
export function addTap(program: Command, shell: Shell): void {
  program
    .command('tap')
    .description('Show live what all nodes do for a user, or on a channel.')
    .option('--user <user>', 'all connections of this user')
    .option('--channel <channel>', 'this channel')
    .option('--seconds <seconds>', 'how long: 1 to 60', '60')
    .option('--payloads', 'show the data of commands and messages')
    .option('--json', 'print lines of JSON')
    .option('--url <url>', 'the gateway', urlArgument, new URL(DEFAULT_URL))
    .option('--key <key>', 'API key; prefer SLUICE_API_KEY, which other users of the machine cannot see')
    .addHelpText('after', EXAMPLES)
    .action((flags: TapFlags) => tap(flags, shell));
}

import type { Gap, Message, SluiceError, Token } from '@sluice/client';
import type { Command } from 'commander';
import { WebSocket } from 'ws';
import { countArgument, urlArgument } from './arguments.ts';
import { CliError } from './cli-error.ts';
import { DEFAULT_URL, fetchDevCredentials, isLocal, socketUrl } from './gateway-url.ts';
import type { Shell } from './shell.ts';

const EXAMPLES = `
Examples:
  $ sluice subscribe chat:lobby --rewind 10             at a gateway that runs with --dev on this machine
  $ SLUICE_TOKEN=… sluice subscribe orders:new user:42 --url wss://rt.example.com --json | jq .data

Messages go to standard output; gaps and states to standard error.`;

interface SubscribeFlags {
  readonly url: URL;
  readonly token?: string;
  readonly rewind?: number;
  readonly json?: boolean;
}

/** One message on one line. */
export function formatMessage({ channel, offset, from, event, data }: Message): string {
  const facts = [channel, `#${offset}`, from === undefined ? '' : `<${from}>`, event ?? ''];
  return [...facts.filter((fact) => fact !== ''), JSON.stringify(data)].join(' ');
}

/** One gap on one line. */
export function formatGap({ channel, lost, reason, to }: Gap): string {
  return `gap in ${channel}: ${lost ?? 'an unknown number of'} messages lost (${reason}), next is #${to.offset + 1}`;
}

/** A development gateway is asked for a token, again whenever one runs out; one that hands out none, not at all. */
async function findToken({ token, url }: SubscribeFlags, shell: Shell): Promise<{ token?: Token }> {
  const given = token ?? (shell.env.SLUICE_TOKEN || undefined);
  if (given !== undefined) return { token: given };
  if (!isLocal(url)) return {};
  const ask = async () => (await fetchDevCredentials(url, { sub: 'cli' }, shell))?.token;
  // Asked at once, so that "nobody is there" is an answer and not an endless attempt.
  const first = await ask();
  return first === undefined ? {} : { token: async () => (await ask()) ?? first };
}

async function subscribe(names: readonly string[], flags: SubscribeFlags, shell: Shell): Promise<void> {
  const token = await findToken(flags, shell);
  const { createClient } = await shell.loadClient();
  const client = createClient({ url: socketUrl(flags.url), WebSocket, ...token });
  const start = flags.rewind === undefined ? {} : { rewind: flags.rewind };
  const { promise, resolve, reject } = withResolvers();
  const fail = (error: SluiceError) => reject(new CliError(`${error.message} (${error.name})`));
  const stopListening = shell.onSignal(resolve);
  client.on('state', ({ state, error }) => {
    shell.err(error === undefined ? `connection: ${state}` : `connection: ${state} (${error.name})`);
    if (state === 'closed' && error !== undefined) fail(error);
  });
  let open = names.length;
  for (const name of names) {
    client
      .channel(name)
      .subscribe((message) => shell.out(flags.json ? JSON.stringify(message) : formatMessage(message)), {
        ...start,
        onGap: (gap) => shell.err(flags.json ? JSON.stringify({ gap }) : formatGap(gap)),
        onState: (state) => shell.err(`${name}: ${state}`),
        onError: (error) => {
          shell.err(`${name}: ${error.message} (${error.name})`);
          if (error.retryable) return; // the SDK goes on by itself
          open -= 1;
          if (open === 0) reject(new CliError('no subscription is left'));
        },
      });
  }
  await promise.finally(() => {
    stopListening();
    client.close();
  });
}

/** `Promise.withResolvers`, which Node 20 does not have. */
function withResolvers(): { promise: Promise<void>; resolve: () => void; reject: (error: Error) => void } {
  let resolve = (): void => undefined;
  let reject = (_: Error): void => undefined;
  const promise = new Promise<void>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}

/** `sluice subscribe`: prints the messages of channels as they come. */
export function addSubscribe(program: Command, shell: Shell): void {
  program
    .command('subscribe')
    .description('Print the messages of channels as they come.')
    .argument('<channels...>', 'names of channels')
    .option('--url <url>', 'the gateway', urlArgument, new URL(DEFAULT_URL))
    .option('--token <token>', 'a token; better in SLUICE_TOKEN, where other users of the machine cannot see it')
    .option('--rewind <n>', 'begin so many messages back', countArgument)
    .option('--json', 'print every message as one line of JSON')
    .addHelpText('after', EXAMPLES)
    .action((names: string[], flags: SubscribeFlags) => subscribe(names, flags, shell));
}

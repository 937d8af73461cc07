import type { Gap, Message, SluiceError, Token } from '@sluice/client';
import type { Command } from 'commander';
import { WebSocket } from 'ws';
import { countArgument, urlArgument } from './arguments.ts';
import { CliError } from './cli-error.ts';
import { DEFAULT_URL, fetchDevCredentials, isLocal, socketUrl } from './gateway-url.ts';
import { printable } from './printable.ts';
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

/** Formats one message as one line. */
export function formatMessage({ channel, offset, from, event, data }: Message): string {
  const facts = [channel, `#${offset}`, from === undefined ? '' : `<${from}>`, event ?? ''];
  return printable([...facts.filter((fact) => fact !== ''), JSON.stringify(data)].join(' '));
}

/** Formats one gap as one line. */
export function formatGap({ channel, lost, reason, to }: Gap): string {
  const count = lost ?? 'an unknown number of';
  return printable(`gap in ${channel}: ${count} messages lost (${reason}), next is #${to.offset + 1}`);
}

/**
 * Requests a token from a development gateway, and a new one whenever it expires. Without tokens
 * the client is anonymous.
 */
async function findToken({ token, url }: SubscribeFlags, shell: Shell): Promise<{ token?: Token }> {
  const given = token ?? (shell.env.SLUICE_TOKEN || undefined);
  if (given !== undefined) return { token: given };
  if (!isLocal(url)) return {};
  const ask = async () => (await fetchDevCredentials(url, { sub: 'cli' }, shell))?.token;
  // Requested at once, so that a missing gateway is an error and not an endless retry.
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
          shell.err(printable(`${name}: ${error.message} (${error.name})`));
          if (error.retryable) return; // the SDK continues by itself
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

/** `Promise.withResolvers` does not exist in Node 20. */
function withResolvers(): { promise: Promise<void>; resolve: () => void; reject: (error: Error) => void } {
  let resolve = (): void => undefined;
  let reject = (_: Error): void => undefined;
  const promise = new Promise<void>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}

/** `sluice subscribe`: prints the messages of channels as they arrive. */
export function addSubscribe(program: Command, shell: Shell): void {
  program
    .command('subscribe')
    .description('Print the messages of channels as they arrive.')
    .argument('<channels...>', 'names of channels')
    .option('--url <url>', 'the gateway', urlArgument, new URL(DEFAULT_URL))
    .option('--token <token>', 'a token; prefer SLUICE_TOKEN, which other users of the machine cannot see')
    .option('--rewind <n>', 'begin this many messages back', countArgument)
    .option('--json', 'print every message as one line of JSON')
    .addHelpText('after', EXAMPLES)
    .action((names: string[], flags: SubscribeFlags) => subscribe(names, flags, shell));
}

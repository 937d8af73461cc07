import type { Command } from 'commander';
import { collectPairs, durationArgument, urlArgument } from './arguments.ts';
import { CliError } from './cli-error.ts';
import { DEFAULT_URL, fetchFrom, findKey, httpUrl, readAnswer } from './gateway-url.ts';
import type { Shell } from './shell.ts';

const EXAMPLES = `
Examples:
  $ sluice publish chat:lobby '{"text":"Hello"}'        at a gateway that runs with --dev on this machine
  $ SLUICE_API_KEY=… sluice publish chat:lobby '{"text":"Hello"}' --url https://rt.example.com
  $ cat order.json | sluice publish orders:new - --event created --tag region=eu`;

interface PublishFlags {
  readonly url: URL;
  readonly key?: string;
  readonly event?: string;
  readonly tag?: Record<string, string>;
  readonly idempotencyKey?: string;
  readonly ttl?: number;
}

/** Refuses what is not JSON. The gateway gets the text itself: a value that was parsed has its numbers rounded. */
function requireJson(text: string): void {
  try {
    JSON.parse(text);
  } catch {
    throw new CliError(
      `the data is not JSON. Write a text in both quotes: '"Hello"', and keys in double quotes: '{"text":"Hello"}'`,
      2,
    );
  }
}

async function publish(channel: string, text: string, { flags, shell }: { flags: PublishFlags; shell: Shell }) {
  const data = text === '-' ? await shell.stdin() : text;
  requireJson(data);
  const { event, tag: tags, idempotencyKey: key, ttl, url } = flags;
  const authorization = `Bearer ${await findKey(flags, shell)}`;
  const response = await fetchFrom(
    httpUrl(url, '/api/v1/publish'),
    {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: `${JSON.stringify({ channel, event, tags, key, ttl }).slice(0, -1)},"data":${data}}`,
    },
    shell,
  );
  shell.out(JSON.stringify(await readAnswer(response)));
}

/** `sluice publish`: publishes one message over HTTP, and prints its position. */
export function addPublish(program: Command, shell: Shell): void {
  program
    .command('publish')
    .description('Publish a message over HTTP.')
    .argument('<channel>', 'name of the channel')
    .argument('<json>', 'the data; "-" reads it from standard input')
    .option('--url <url>', 'the gateway', urlArgument, new URL(DEFAULT_URL))
    .option('--key <key>', 'API key or token; prefer SLUICE_API_KEY, which other users of the machine cannot see')
    .option('--event <name>', 'the kind of message')
    .option('--tag <name=value>', 'a tag; repeat for more', collectPairs)
    .option('--idempotency-key <key>', 'repeated publishes with the same key append once')
    .option('--ttl <duration>', 'the message expires after this time, e.g. 30s', durationArgument)
    .addHelpText('after', EXAMPLES)
    .action((channel: string, text: string, flags: PublishFlags) => publish(channel, text, { flags, shell }));
}

import { userNameFault } from '@sluice/protocol';
import { mintToken } from '@sluice/server';
import {
  findFile,
  HMAC_ALGORITHMS,
  type HmacAlgorithm,
  importKey,
  parseCapabilities,
  type SecretKey,
} from '@sluice/server/cli-support';
import type { Command } from 'commander';
import { collectCaps, collectClaims, durationArgument, urlArgument } from './arguments.ts';
import { CliError } from './cli-error.ts';
import { loadAsServed } from './config-flags.ts';
import { readDevKeys } from './dev-keys.ts';
import { fetchDevCredentials, notInDevelopment } from './gateway-url.ts';
import type { Shell } from './shell.ts';

const EXAMPLES = `
Examples:
  $ sluice token --sub ada                              with the secret of sluice.yaml, SLUICE_SECRET or serve --dev
  $ sluice token --sub ada --cap 'chat:*=subscribe,publish' --claim role=admin --expires 8h
  $ sluice token --sub ada --url http://localhost:8080  from a gateway that runs with --dev

Only the token is printed to standard output: TOKEN="$(sluice token --sub ada)"`;

interface TokenFlags {
  readonly sub: string;
  readonly cap?: Record<string, readonly string[]>;
  readonly claim?: Record<string, unknown>;
  readonly expires: number;
  readonly config?: string;
  readonly secret?: string;
  readonly algorithm: HmacAlgorithm;
  readonly url?: URL;
}

async function configuredSecret(flags: TokenFlags, shell: Shell): Promise<SecretKey> {
  const kept = readDevKeys(shell.cwd).devSecret;
  const configured = flags.config || shell.env.SLUICE_CONFIG || shell.env.SLUICE_SECRET || findFile(shell.cwd);
  if (!configured && kept !== undefined) return { secret: kept, algorithm: 'HS256' };
  if (!configured) throw new CliError('no secret to sign with. Give --secret, --config or --url, or set SLUICE_SECRET');
  const { config } = await loadAsServed(flags.config === undefined ? {} : { config: flags.config }, shell);
  const key = config.keys.find((key): key is SecretKey => 'secret' in key);
  const isNew = config.devSecret !== undefined && config.devSecret !== kept;
  if (isNew || key === undefined) {
    const why = key === undefined ? 'has no shared secret' : 'makes a new secret for every run (dev: true)';
    throw new CliError(`the configuration ${why}. Give --secret, or the --url of a gateway that runs with --dev`);
  }
  return key;
}

function givenSecret(secret: string, algorithm: HmacAlgorithm): SecretKey {
  const key = { secret, algorithm };
  try {
    importKey(key);
    return key;
  } catch (error) {
    throw new CliError(`--secret: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function token(flags: TokenFlags, shell: Shell): Promise<void> {
  const { sub, cap: caps, claim: claims, expires: expiresIn, url, secret, algorithm } = flags;
  const problem = parseCapabilities(caps);
  if (typeof problem === 'string') throw new CliError(`--cap: ${problem}`, 2);
  const fault = userNameFault(sub);
  if (fault !== null) throw new CliError(`--sub ${fault}. It names the user`, 2);
  if (url !== undefined) {
    const wish = { sub, caps, claims, expiresIn };
    const found = await fetchDevCredentials(url, wish, shell);
    if (found === null) throw notInDevelopment(url, 'Sign with its secret: --secret or --config');
    shell.out(found.token);
    return;
  }
  const key = secret === undefined ? await configuredSecret(flags, shell) : givenSecret(secret, algorithm);
  const optional = { ...(caps === undefined ? {} : { caps }), ...(claims === undefined ? {} : { claims }) };
  shell.out(await mintToken({ ...key, sub, expiresIn, ...optional }));
}

/** `sluice token`: prints a token, for trying things out. */
export function addToken(program: Command, shell: Shell): void {
  const command = program.command('token').description('Make a token, for trying things out.');
  command
    .requiredOption('--sub <user>', 'the user')
    .option('--cap <pattern=verbs>', "a capability, like 'chat:*=subscribe,publish'; repeat for more", collectCaps)
    .option('--claim <name=value>', 'another claim, its value as JSON or text; repeat for more', collectClaims)
    .addOption(
      command
        .createOption('--expires <duration>', 'how long it is valid')
        .argParser(durationArgument)
        .default(3_600_000, '1h'),
    )
    .option('--config <file>', 'configuration file with the secret')
    .option('--secret <text>', 'the secret; prefer SLUICE_SECRET, which other users of the machine cannot see')
    .addOption(command.createOption('--algorithm <name>', 'of --secret').choices(HMAC_ALGORITHMS).default('HS256'))
    .option('--url <url>', 'ask a gateway that runs with --dev instead', urlArgument)
    .addHelpText('after', EXAMPLES)
    .action((flags: TokenFlags) => token(flags, shell));
}

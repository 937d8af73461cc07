import {
  describedIdentity,
  explainOperation,
  type Identity,
  type OperationExplanation,
  parseCapabilities,
  patternFault,
  Rules,
  VERBS,
  type Verb,
} from '@sluice/server/cli-support';
import { Argument, type Command } from 'commander';
import { collectCaps, collectClaims } from './arguments.ts';
import { CliError } from './cli-error.ts';
import { addConfigFlags, loadAsServed } from './config-flags.ts';
import type { Shell } from './shell.ts';

const EXAMPLES = `
Examples:
  $ sluice explain subscribe chat:lobby --sub ada
  $ sluice explain publish chat:lobby --sub ada --claim role=admin --cap 'chat:*=!publish'
  $ sluice explain subscribe 'orders:*' --sub ada       which channel has all messages of the pattern
  $ sluice explain subscribe news:today                 an anonymous connection

The rules of the configuration decide; no gateway has to run. Hooks are named, and not asked. Exit code: 0 if
allowed, 1 if not.`;

interface ExplainFlags {
  readonly sub?: string;
  readonly cap?: Record<string, readonly string[]>;
  readonly claim?: Record<string, unknown>;
  readonly json?: boolean;
}

function identityOf({ sub, cap, claim: claims = {} }: ExplainFlags): Identity {
  const capabilities = parseCapabilities(cap);
  if (typeof capabilities === 'string') throw new CliError(`--cap: ${capabilities}`, 2);
  const identity = describedIdentity(sub, { claims, capabilities });
  if (typeof identity === 'string') throw new CliError(`--sub ${identity}`, 2);
  return identity;
}

const decisionOf = ({ allowed, hooks = [] }: OperationExplanation): string => {
  if (!allowed) return 'denied';
  return hooks.length === 0 ? 'allowed' : 'allowed, unless a hook denies it';
};

const inWords = ({ message, remedy, spans, ...rest }: OperationExplanation): string =>
  [
    `${decisionOf({ message, remedy, ...rest })}: ${message}.`,
    remedy,
    ...(spans === undefined ? [] : [spanned(spans)]),
  ].join('\n');

const spanned = (rules: readonly string[]): string =>
  rules.length === 0
    ? 'No rule has channels of this pattern.'
    : `Rules with channels of this pattern: ${rules.map((rule) => `"${rule}"`).join(', ')}.`;

async function run(verb: Verb, channel: string, flags: ExplainFlags, shell: Shell): Promise<void> {
  const { sub: _sub, cap: _cap, claim: _claim, json, ...configFlags } = flags;
  const identity = identityOf(flags);
  const { config } = await loadAsServed(configFlags, shell);
  const fault = patternFault(verb, channel);
  if (fault !== null) throw new CliError(fault, 2);
  const explanation = await explainOperation(
    { ...config, rules: new Rules(config.channels) },
    { identity, verb, channel },
  );
  shell.out(json === true ? JSON.stringify(explanation) : inWords(explanation));
  if (!explanation.allowed) throw new CliError('not allowed');
}

/** `sluice explain`: may somebody do something on a channel, and why? */
export function addExplain(program: Command, shell: Shell): void {
  const command = program
    .command('explain')
    .description('Explain whether a user may do something on a channel, and what decides.')
    .addArgument(new Argument('<verb>', 'the operation').choices(VERBS))
    .argument('<channel>', 'the name of the channel; to subscribe, also a pattern')
    .option('--sub <user>', 'the user; without it, an anonymous connection')
    .option('--cap <pattern=verbs>', "a capability of the token, like 'chat:*=subscribe'; repeat for more", collectCaps)
    .option('--claim <name=value>', 'a claim of the token, its value as JSON or text; repeat for more', collectClaims)
    .option('--json', 'print the explanation as JSON');
  addConfigFlags(command, { hidden: true })
    .addHelpText('after', EXAMPLES)
    .action((verb: Verb, channel: string, flags: ExplainFlags) => run(verb, channel, flags, shell));
}

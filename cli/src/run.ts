import { readFileSync } from 'node:fs';
import { ConfigError } from '@sluice/server/cli-support';
import { Command, CommanderError } from 'commander';
import { addBridges } from './bridges.ts';
import { addCheck } from './check.ts';
import { CliError } from './cli-error.ts';
import { addDurable } from './durable.ts';
import { addExplain } from './explain.ts';
import { printableLines } from './printable.ts';
import { addPublish } from './publish.ts';
import { addServe } from './serve.ts';
import type { Shell } from './shell.ts';
import { addSubscribe } from './subscribe.ts';
import { addTap } from './tap.ts';
import { addToken } from './token.ts';

const EXAMPLES = `
Examples:
  $ sluice serve --dev                                  try it out, without any configuration
  $ sluice check                                        is the configuration right?
  $ sluice token --sub ada                              sign a token with the configured secret
  $ sluice subscribe chat:lobby                         watch a channel
  $ sluice publish chat:lobby '{"text":"Hello"}'        publish as a backend does
  $ sluice explain publish chat:lobby --sub ada         may Ada publish there, and why?
  $ sluice tap --user ada                               what do all nodes do for Ada right now?
  $ sluice bridges                                      do the bridges to message brokers run?
  $ sluice durable check --data ./data                  is the durable engine's folder damaged?

"sluice <command> --help" says more.`;

function readVersion(): string {
  const file = new URL('../../server/package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

function createProgram(shell: Shell): Command {
  const program = new Command('sluice')
    .description('Realtime WebSocket gateway: channels, history and lossless catch-up.')
    .version(readVersion(), '--version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', EXAMPLES)
    .showHelpAfterError('("--help" shows the usage)')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => shell.out(text.trimEnd()),
      writeErr: (text) => shell.err(text.trimEnd()),
    });
  for (const add of [addServe, addCheck, addToken, addPublish, addSubscribe, addExplain, addTap, addDurable])
    add(program, shell);
  addBridges(program, shell);
  return program;
}

function report(error: unknown, shell: Shell): number {
  // Commander has already written its message.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof ConfigError) {
    shell.err(error.message);
    return 1;
  }
  shell.err(`sluice: ${error instanceof Error ? error.message : String(error)}`);
  return error instanceof CliError ? error.exitCode : 1;
}

/** The shell, whose output does nothing to the terminal that shows it. */
function printing(shell: Shell): Shell {
  return new Proxy(shell, {
    get(target, name) {
      if (name === 'out' || name === 'err') return (text: string) => target[name](printableLines(text));
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** Runs one command line. Returns the exit code: 0, 1 for a failure, 2 for a wrong command line. */
export async function run(args: readonly string[], given: Shell): Promise<number> {
  const shell = printing(given);
  try {
    await createProgram(shell).parseAsync([...args], { from: 'user' });
    return 0;
  } catch (error) {
    return report(error, shell);
  }
}

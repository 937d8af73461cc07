import { Command, Option } from 'commander';
import { bridgesCommand } from './bridges/command.ts';
import type { EngineName } from './plan.ts';
import { describeFault } from './plan.ts';
import { planOf, Run } from './run.ts';
import { summary } from './summary.ts';

const number = (text: string) => Number(text);
const print = (line: string) => void process.stdout.write(`${line}\n`);

interface Flags {
  readonly minutes: number;
  readonly seed: number;
  readonly nodes?: number;
  readonly clients: number;
  readonly engine: EngineName;
  readonly rate: number;
  readonly every: number;
  readonly empty: boolean;
  readonly plan: boolean;
}

async function chaos({
  minutes,
  seed,
  clients,
  engine,
  rate,
  every,
  empty,
  plan,
  nodes = engine === 'redis' ? 3 : 1,
}: Flags): Promise<void> {
  const options = { seed, engine, nodes, clients, rate, every, empty, length: minutes * 60_000 };
  print(`seed ${seed}: ${nodes} nodes with the ${engine} engine, ${clients} clients, ${minutes} minutes`);
  if (plan) {
    for (const step of planOf(options)) print(`${`${step.pause}`.padStart(6)} ms later: ${describeFault(step.fault)}`);
    return;
  }
  const report = await new Run({ ...options, print }).go();
  print(summary(report));
  if (report.faults.length > 0)
    print(
      `\nOnce more: npm run chaos -- --seed ${seed} --minutes ${minutes} --engine ${engine} --nodes ${nodes} --clients ${clients} --rate ${rate} --every ${every}${empty ? ' --empty' : ''}`,
    );
  process.exitCode = report.faults.length > 0 ? 1 : 0;
}

/** The command line. */
export async function main(argv: readonly string[]): Promise<void> {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));
  const program = new Command('chaos')
    .description(
      'Breaks gateways, networks and Redis under load, and checks that no message is lost without a gap or delivered twice, that queues keep their promises, that every request ends, and that every scheduled message is published once.',
    )
    .option('--minutes <n>', 'duration in which new faults begin', number, 1)
    .option('--seed <n>', 'the same seed gives the same plan', number, Date.now() % 1_000_000)
    .option('--nodes <n>', 'gateway processes; more than one only with redis (default: 3 with redis)', number)
    .option('--clients <n>', 'SDK clients', number, 50)
    .option('--rate <n>', 'publishes per second, of all clients together', number, 100)
    .option('--every <ms>', 'average milliseconds between two faults', number, 1_000)
    .addOption(
      new Option('--engine <name>', 'the engine of the gateways')
        .choices(['memory', 'durable', 'redis'])
        .default('redis'),
    )
    .option('--empty', 'Redis may restart without its data', false)
    .option('--plan', 'only print the plan', false)
    .action((flags: Flags) => chaos(flags))
    .addCommand(bridgesCommand());
  // The options of a command come behind its name.
  program.enablePositionalOptions();
  await program.parseAsync([...argv]);
}

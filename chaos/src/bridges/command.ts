import { Command, Option } from 'commander';
import { summary } from '../summary.ts';
import { describeBridgeFault, makeBridgePlan } from './plan.ts';
import { BridgeRun } from './run.ts';
import { SOAK_SYSTEMS } from './systems.ts';

const number = (text: string) => Number(text);
const print = (line: string) => void process.stdout.write(`${line}\n`);

const DEFAULT = ['redis', 'nats', 'kafka'];

interface Flags {
  readonly systems: readonly string[];
  readonly minutes: number;
  readonly seed: number;
  readonly nodes?: number;
  readonly engine: 'durable' | 'redis';
  readonly rate: number;
  readonly every: number;
  readonly plan: boolean;
}

async function soak(flags: Flags): Promise<void> {
  const { systems, minutes, seed, engine, rate, every, plan, nodes = engine === 'redis' ? 2 : 1 } = flags;
  const options = { systems, seed, engine, nodes, rate, every, length: minutes * 60_000 };
  print(`seed ${seed}: bridges to ${systems.join(', ')}, ${nodes} nodes with the ${engine} engine, ${minutes} minutes`);
  if (plan) {
    const steps = makeBridgePlan(options);
    for (const { pause, fault } of steps) print(`${`${pause}`.padStart(6)} ms later: ${describeBridgeFault(fault)}`);
    return;
  }
  const report = await new BridgeRun({ ...options, print }).go();
  print(summary(report));
  if (report.faults.length > 0)
    print(
      `\nOnce more: npm run chaos -- bridges --systems ${systems.join(' ')} --seed ${seed} --minutes ${minutes} --engine ${engine} --nodes ${nodes} --rate ${rate} --every ${every}`,
    );
  // The clients of brokers that have ended would try again for ever.
  process.exit(report.faults.length > 0 ? 1 : 0);
}

/** The command that soaks bridges. */
export function bridgesCommand(): Command {
  return new Command('bridges')
    .description(
      'Kills message brokers and gateways under load, and checks that every message passes the bridges: into channels once and in order, to the brokers at least once and in order.',
    )
    .option('--systems <names...>', `some of: ${Object.keys(SOAK_SYSTEMS).join(', ')}`, DEFAULT)
    .option('--minutes <n>', 'duration in which new faults begin', number, 1)
    .option('--seed <n>', 'the same seed gives the same plan', number, Date.now() % 1_000_000)
    .option('--nodes <n>', 'gateway processes; more than one only with redis (default: 2 with redis)', number)
    .option('--rate <n>', 'messages per second through each bridge', number, 50)
    .option('--every <ms>', 'average milliseconds between two faults', number, 3_000)
    .addOption(
      new Option('--engine <name>', 'the engine of the gateways').choices(['durable', 'redis']).default('durable'),
    )
    .option('--plan', 'only print the plan', false)
    .action(soak);
}

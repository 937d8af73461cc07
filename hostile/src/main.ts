import { Command } from 'commander';
import { Run } from './run.ts';
import { summary } from './summary.ts';

const number = (text: string): number => Number(text);
const say = (line: string): void => void process.stdout.write(`${line}\n`);

interface Flags {
  readonly minutes: number;
  readonly seed: number;
  readonly from: number;
  readonly sockets: number;
  readonly exchanges: number;
  readonly concurrency: number;
}

async function hostile({ minutes, seed, from, ...sizes }: Flags): Promise<void> {
  say(`seed ${seed}: ${minutes} minutes`);
  const report = await new Run({ seed, from, ...sizes, length: minutes * 60_000, judgeCosts: minutes >= 1, say }).go();
  say(summary(report));
  if (report.faults.length === 0) return;
  const { sockets, exchanges, concurrency } = sizes;
  say(
    `\nThe last round once more: npm run hostile -- --minutes 0 --seed ${seed} --from ${from + report.rounds - 1} --sockets ${sockets} --exchanges ${exchanges} --concurrency ${concurrency}`,
  );
  process.exitCode = 1;
}

/** The command line. */
export async function main(argv: readonly string[]): Promise<void> {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));
  const program = new Command('hostile')
    .description(
      'Attacks a built gateway with hostile frames and mangled HTTP, and checks that it stands and keeps nothing.',
    )
    .option('--minutes <n>', 'rounds begin for so long; 0: one round', number, 1)
    .option('--seed <n>', 'the same seed sends the same', number, Date.now() % 1_000_000)
    .option('--from <n>', 'the first round', number, 0)
    .option('--sockets <n>', 'hostile WebSockets in a round', number, 200)
    .option('--exchanges <n>', 'HTTP connections in a round', number, 2_000)
    .option('--concurrency <n>', 'how many are open at once', number, 40)
    .action((flags: Flags) => hostile(flags));
  await program.parseAsync([...argv]);
}

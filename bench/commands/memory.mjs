import { servers } from '../src/fanout.mjs';
import { memoryPerConnection } from '../src/memory.mjs';
import { median, publish, table } from '../src/report.mjs';
import { inRounds } from '../src/rounds.mjs';
import { kib, number } from '../src/units.mjs';

async function run({ connections, rounds }) {
  const runs = await inRounds(rounds, ['bare, publish', 'sluice'], (name) =>
    memoryPerConnection(servers[name], connections),
  );
  const rows = Object.entries(runs).map(([name, values]) => [name, kib(median(values))]);
  publish('memory', table(['server', 'per connection'], rows), { connections, runs });
}

export function memory(program) {
  program
    .command('memory')
    .description('resident memory per idle connection with one subscription')
    .option('--connections <n>', 'connections', number, 10_000)
    .option('--rounds <n>', 'runs of each server; the table shows medians', number, 3)
    .action(run);
}

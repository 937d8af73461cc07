import { publish, table } from '../src/report.mjs';
import { inRounds, rowsOf } from '../src/rounds.mjs';
import { mib, ms, number, thousands } from '../src/units.mjs';
import { measureWorkers } from '../src/workers.mjs';

const HEAD = ['server', 'deliveries', 'p50', 'p99', 'CPU s / million', 'memory', 'missing'];

async function run({ workers, subscribers, channels, rate, rounds }) {
  const counts = { 'one process': 1, [`${workers} workers`]: workers };
  const runs = await inRounds(rounds, Object.keys(counts), (name) =>
    measureWorkers(counts[name], { subscribers, channels, rate, seconds: 3 }),
  );
  const rows = rowsOf(runs, (pick, name) => [
    thousands(pick('deliveriesPerSecond')),
    ms(pick('p50')),
    ms(pick('p99')),
    pick('cpuPerMillion').toFixed(2),
    mib(pick('resident')),
    runs[name].every(({ complete }) => complete) ? 'none' : 'some',
  ]);
  publish('workers', table(HEAD, rows), { workers, subscribers, channels, rate, runs });
}

export function workers(program) {
  program
    .command('workers')
    .description('several workers on one port beside one process, at the same load')
    .option('--workers <n>', 'workers', number, 2)
    .option('--subscribers <n>', 'connections that receive', number, 1000)
    .option('--channels <n>', 'channels that they share', number, 20)
    .option('--rate <n>', 'publishes per second', number, 2000)
    .option('--rounds <n>', 'runs of each; the table shows medians', number, 3)
    .action(run);
}

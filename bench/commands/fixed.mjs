import { measureAt, servers } from '../src/fanout.mjs';
import { publish, table } from '../src/report.mjs';
import { inRounds, medianOf, rowsOf } from '../src/rounds.mjs';
import { ms, number, thousands } from '../src/units.mjs';

const HEAD = [
  'server',
  'deliveries',
  'p50',
  'p99',
  'CPU s / million',
  'of it in user space',
  'deliveries per CPU, × bare',
];

async function run({ subscribers, channels, rate, rounds }) {
  const runs = await inRounds(rounds, ['bare, publish', 'sluice'], (name) =>
    measureAt(servers[name], { subscribers, channels, rate, seconds: 4 }),
  );
  const base = medianOf(runs['bare, publish'])('cpuPerMillion');
  const rows = rowsOf(runs, (pick) => [
    thousands(pick('deliveriesPerSecond')),
    ms(pick('p50')),
    ms(pick('p99')),
    pick('cpuPerMillion').toFixed(2),
    pick('userPerMillion').toFixed(2),
    (base / pick('cpuPerMillion')).toFixed(2),
  ]);
  publish(`fixed-${channels}x${subscribers / channels}-at-${rate}`, table(HEAD, rows), {
    subscribers,
    channels,
    rate,
    runs,
  });
}

export function fixed(program) {
  program
    .command('fixed')
    .description('latency and CPU at a given rate, many channels with few subscribers each')
    .option('--subscribers <n>', 'connections that receive', number, 10_000)
    .option('--channels <n>', 'channels that they share', number, 1000)
    .option('--rate <n>', 'publishes per second', number, 15_000)
    .option('--rounds <n>', 'runs of each server; the table shows medians', number, 3)
    .action(run);
}

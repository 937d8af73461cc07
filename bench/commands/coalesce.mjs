import { coalescing, measureAt, servers } from '../src/fanout.mjs';
import { publish, table } from '../src/report.mjs';
import { inRounds, medianOf, rowsOf } from '../src/rounds.mjs';
import { ms, number, thousands } from '../src/units.mjs';

const HEAD = ['server', 'deliveries', 'p50', 'p99', 'CPU s / million', '× bare'];

async function run({ subscribers, channels, rate, window, rounds }) {
  const measured = {
    'bare, publish': servers['bare, publish'],
    'Sluice, `coalesce: 0`': servers.sluice,
    [`Sluice, \`coalesce: ${window}ms\``]: coalescing(window),
  };
  const runs = await inRounds(rounds, Object.keys(measured), (name) =>
    measureAt(measured[name], { subscribers, channels, rate, seconds: 4 }),
  );
  const base = medianOf(runs['bare, publish'])('cpuPerMillion');
  const rows = rowsOf(runs, (pick) => [
    thousands(pick('deliveriesPerSecond')),
    ms(pick('p50')),
    ms(pick('p99')),
    pick('cpuPerMillion').toFixed(2),
    (pick('cpuPerMillion') / base).toFixed(2),
  ]);
  publish(`coalesce-${window}-at-${rate}`, table(HEAD, rows), { subscribers, channels, rate, window, runs });
}

export function coalesce(program) {
  program
    .command('coalesce')
    .description('CPU and latency at a given rate with a window for the messages of a channel')
    .option('--subscribers <n>', 'connections that receive', number, 10_000)
    .option('--channels <n>', 'channels that they share', number, 1000)
    .option('--rate <n>', 'publishes per second', number, 15_000)
    .option('--window <ms>', 'how long a message may wait', number, 200)
    .option('--rounds <n>', 'runs of each server; the table shows medians', number, 3)
    .action(run);
}

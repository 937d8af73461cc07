import { readFileSync } from 'node:fs';
import { publish, table } from '../src/report.mjs';
import { inRounds, rowsOf } from '../src/rounds.mjs';
import { playScene } from '../src/scene.mjs';
import { mib, ms, number, percent, thousands } from '../src/units.mjs';

const HEAD = [
  'run',
  'deliveries',
  'p50 of the healthy',
  'p99 meanwhile',
  'missing',
  'turns to replaying',
  'repeated on the wire',
  'memory growth',
];

async function run({ rate, sockets, seconds, stallFor, rounds }) {
  const options = { sockets, channels: 25, each: 5, rate, seconds, stallFor };
  const stalls = { 'nobody stalls': 0, 'a fifth stalls': sockets / 5 };
  const runs = await inRounds(rounds, Object.keys(stalls), (name) =>
    playScene('stalled', { ...options, stalls: stalls[name] }),
  );
  const rows = rowsOf(runs, (pick) => [
    thousands(pick('deliveriesPerSecond')),
    ms(pick('p50')),
    ms(pick('p99')),
    pick('holes') + pick('gaps'),
    pick('replays'),
    percent(pick('repeats'), 3),
    mib(pick('residentGrowth')),
  ]);
  publish('stalled', table(HEAD, rows), { ...options, kernel: kernelBuffers(), runs });
}

/**
 * What the kernel keeps for a reader that does not read, before the gateway notices: smallest,
 * usual and largest number of bytes. tcp(7)
 */
function kernelBuffers() {
  const read = (name) => readFileSync(`/proc/sys/net/ipv4/${name}`, 'utf8').trim().split(/\s+/).map(Number);
  return { tcp_wmem: read('tcp_wmem'), tcp_rmem: read('tcp_rmem') };
}

export function stalled(program) {
  program
    .command('stalled')
    .description('a fifth of the readers stops reading for some seconds, on several channels each')
    .option('--rate <n>', 'publishes per second', number, 12_000)
    .option('--sockets <n>', 'readers', number, 200)
    .option('--seconds <n>', 'length of a run', number, 9)
    .option('--stall-for <n>', 'seconds without reading', number, 6)
    .option('--rounds <n>', 'runs with and without; the table shows medians', number, 3)
    .action(run);
}

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
  'p99 of the first second',
  'its slowest',
  'missing',
  'turns to replaying',
  'repeated on the wire',
  'memory growth',
];

/** The readers stall at the first message of a fresh gateway, not after a warm-up. */
const coldly = (options) => ({
  ...options,
  warmUp: 0,
  rehearsal: { ...options, seconds: 2, stallFor: 1 },
});

async function run({ rate, sockets, seconds, stallFor, share, cold, rounds }) {
  const options = { sockets, channels: 25, each: 5, rate, seconds, stallFor };
  const stalls = { 'nobody stalls': 0, [`${share} % stall`]: Math.round((sockets * share) / 100) };
  const runs = await inRounds(rounds, Object.keys(stalls), (name) => {
    const scene = { ...options, stalls: stalls[name] };
    return playScene('stalled', cold ? coldly(scene) : scene);
  });
  const rows = rowsOf(runs, (pick) => [
    thousands(pick('deliveriesPerSecond')),
    ms(pick('p50')),
    ms(pick('p99')),
    ms(pick('firstP99')),
    ms(pick('firstSlowest')),
    pick('holes') + pick('gaps'),
    pick('replays'),
    percent(pick('repeats'), 3),
    mib(pick('residentGrowth')),
  ]);
  publish('stalled', table(HEAD, rows), { ...options, share, cold, kernel: kernelBuffers(), runs });
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
    .description('a part of the readers stops reading for some seconds, on several channels each')
    .option('--rate <n>', 'publishes per second', number, 12_000)
    .option('--sockets <n>', 'readers', number, 200)
    .option('--seconds <n>', 'length of a run', number, 9)
    .option('--stall-for <n>', 'seconds without reading', number, 6)
    .option('--share <percent>', 'readers that stop', number, 20)
    .option('--cold', 'they stop at the first message after the start of the gateway', false)
    .option('--rounds <n>', 'runs with and without; the table shows medians', number, 3)
    .action(run);
}

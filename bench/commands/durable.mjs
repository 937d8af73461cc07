import { measureAcknowledged } from '../src/acknowledged.mjs';
import { DURABLE, measureDurable } from '../src/durable.mjs';
import { publish, table } from '../src/report.mjs';
import { inRounds, medianOf } from '../src/rounds.mjs';
import { kib, ms, number, numbers, thousands } from '../src/units.mjs';

/** It waits for the disk each time: several at once would be the same. */
const ONE_BY_ONE = 'a page and fdatasync';

async function run({ concurrency = [1, 16, 256, 2048], seconds, rounds, folder }) {
  const ways = (name) => (name === ONE_BY_ONE ? [1] : concurrency);
  const trials = new Map(
    Object.keys(DURABLE).flatMap((name) => ways(name).map((waiting) => [`${name}, ${waiting}`, { name, waiting }])),
  );
  const runs = await inRounds(rounds, [...trials.keys()], (key) => {
    const { name, waiting } = trials.get(key);
    return measureDurable(name, { concurrency: waiting, seconds, folder });
  });
  const rows = [...trials].map(([key, { name, waiting }]) => {
    const pick = medianOf(runs[key]);
    return [name, waiting, thousands(pick('perSecond'), 1), ms(pick('p50')), ms(pick('p99'))];
  });
  publish('durable', table(['', 'on their way', 'publishes', 'p50', 'p99'], rows), { concurrency, seconds, runs });
}

/** Publishers, and publishes that each has in flight. */
const LOADS = [
  { connections: 1, inFlight: 1 },
  { connections: 8, inFlight: 64 },
];

/** Publishes over WebSockets: what an acknowledgement costs the gateway's processor and disk. */
async function runLatency({ seconds, rounds, folder }) {
  const trials = new Map(
    ['memory', 'durable'].flatMap((engine) =>
      LOADS.map((load) => [`${engine}, ${load.connections} x ${load.inFlight}`, { engine, ...load }]),
    ),
  );
  const runs = await inRounds(rounds, [...trials.keys()], (key) =>
    measureAcknowledged({ ...trials.get(key), seconds, folder }),
  );
  const rows = [...trials].map(([key, { engine, connections, inFlight }]) => {
    const pick = medianOf(runs[key]);
    const cells = [thousands(pick('perSecond'), 1), ms(pick('p50')), ms(pick('p99'))];
    return [
      engine,
      `${connections} × ${inFlight}`,
      ...cells,
      kib(pick('bytesPerAck')),
      `${pick('cpuPerAck').toFixed(1)} µs`,
    ];
  });
  const head = ['', 'in flight', 'acknowledged', 'p50', 'p99', 'written per ack', 'CPU per ack'];
  publish('durable-latency', table(head, rows), { seconds, runs });
}

export function durable(program) {
  program
    .command('durable')
    .description('publishes that are flushed to disk, by how many are on their way at the same time')
    .option('--concurrency <n...>', 'publishes on their way', numbers)
    .option('--seconds <n>', 'length of one run', number, 2)
    .option('--rounds <n>', 'runs; the table shows medians', number, 3)
    .option('--folder <path>', 'where the files go: on the disk that is meant')
    .option('--latency', 'publishes over WebSockets instead, with the bytes written and the CPU time of each')
    .action((options) => (options.latency ? runLatency(options) : run(options)));
}

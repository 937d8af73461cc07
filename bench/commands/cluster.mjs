import { measureCluster, measureClusterAt, measureScripts } from '../src/cluster.mjs';
import { publish, table } from '../src/report.mjs';
import { inRounds, medianOf, rowsOf } from '../src/rounds.mjs';
import { ms, number, numbers, thousands } from '../src/units.mjs';

const HEAD = ['', 'publishes', 'deliveries', 'p50', 'p99', 'CPU s / million, gateways', 'Redis'];
const ALONE = ['redis-benchmark', 'in flight', 'operations', 'p50', 'p99'];

async function run({ channels, subscribers, rates, rounds, seconds, steps }) {
  const shape = { channels, subscribers, seconds, steps };
  const trials = {
    'highest rate': () => measureCluster(shape),
    ...Object.fromEntries(rates.map((rate) => [`${rate}/s`, () => measureClusterAt({ ...shape, rate })])),
  };
  const runs = await inRounds(rounds, Object.keys(trials), (name) => trials[name]());
  const rows = rowsOf(runs, (pick) => [
    `${Math.round(pick('rate'))}/s`,
    thousands(pick('deliveriesPerSecond')),
    ms(pick('p50')),
    ms(pick('p99')),
    pick('cpuPerMillion').toFixed(2),
    pick('redisCpuPerMillion').toFixed(3),
  ]);
  const alone = await measureScripts();
  const compared = alone.map(({ name, pipeline, runs }) => {
    const pick = medianOf(runs);
    return [name, pipeline, thousands(pick('perSecond'), 1), ms(pick('p50')), ms(pick('p99'))];
  });
  publish('cluster', `${table(HEAD, rows)}\n\n${table(ALONE, compared)}`, { channels, subscribers, runs, alone });
}

export function cluster(program) {
  program
    .command('cluster')
    .description('two gateway processes on one Redis: deliveries per second at p99 < 100 ms, and what they cost')
    .option('--channels <n>', 'channels', number, 100)
    .option('--subscribers <n>', 'connections per channel, half of them at each gateway', number, 100)
    .option('--rates <n...>', 'also measures these rates of publishes per second', numbers, [])
    .option('--rounds <n>', 'runs; the table shows medians', number, 3)
    .option('--seconds <n>', 'length of one trial', number, 3)
    .option('--steps <n>', 'halvings of the last step', number, 3)
    .action(run);
}

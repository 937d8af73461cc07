import { publish, table } from '../src/report.mjs';
import { inRounds, medianOf } from '../src/rounds.mjs';
import { playScene } from '../src/scene.mjs';
import { ms, number } from '../src/units.mjs';

/** Distinct filters of the channel; 0: the same readers without a filter. */
const FILTERS = [0, 1, 100, 10_000];
/** A short run. */
const QUICK = { seconds: 2, rounds: 1 };
const HEAD = ['distinct filters', 'deliveries/s', 'p50', 'p99', 'CPU s / million', 'of which JavaScript', 'holes'];

async function run({ quick, ...asked }) {
  const { readers, rate, seconds, rounds } = { ...asked, ...(quick ? QUICK : {}) };
  const runs = await inRounds(rounds, FILTERS, async (filters, round) => {
    const figures = await playScene('filters', { filters, readers, rate, seconds });
    console.error(`round ${round + 1}, ${filters} filters: ${figures.cpuPerMillion.toFixed(2)} CPU s / million`);
    return figures;
  });
  const rows = FILTERS.map((filters) => {
    const pick = medianOf(runs[filters]);
    const cpu = [pick('cpuPerMillion'), pick('userPerMillion')].map((seconds) => seconds.toFixed(2));
    return [filters, Math.round(pick('deliveriesPerSecond')), ms(pick('p50')), ms(pick('p99')), ...cpu, pick('holes')];
  });
  publish('filter', table(HEAD, rows), { readers, rate, seconds, runs });
}

export function filter(program) {
  program
    .command('filter')
    .description('what distinct filters cost at constant deliveries')
    .option('--readers <n>', 'connections that receive every message', number, 10)
    .option('--rate <n>', 'messages per second', number, 2_000)
    .option('--seconds <n>', 'length of one run', number, 5)
    .option('--rounds <n>', 'runs; the table shows medians', number, 3)
    .option('--quick', 'one short run', false)
    .action(run);
}

import { countOf, withBrokers } from '../src/bridges/measure.mjs';
import { NAMES } from '../src/bridges/systems.mjs';
import { publish, table } from '../src/report.mjs';
import { inRounds, medianOf } from '../src/rounds.mjs';
import { micros, number, thousands } from '../src/units.mjs';

const HEAD = ['', '', 'client alone', 'bridge', '× alone', 'CPU each, alone', 'bridge'];
const DIRECTIONS = ['in', 'out'];
const WAYS = ['bare', 'bridge'];

const keyOf = (...parts) => parts.join(' ');

function rowOf(runs, { name, title, direction }) {
  const [bare, bridge] = WAYS.map((way) => medianOf(runs[keyOf(name, direction, way)]));
  const rates = [bare, bridge].map((pick) => pick('perSecond'));
  return [
    ...[title, direction, ...rates.map((rate) => thousands(rate, 1))],
    (rates[1] / rates[0]).toFixed(2),
    ...[bare, bridge].map((pick) => micros(pick('cpuEach'))),
  ];
}

async function run({ systems = NAMES, directions = DIRECTIONS, rounds, quick, engine }) {
  await withBrokers(systems, async (measure, present) => {
    const pairs = [...present].flatMap(([name, system]) =>
      directions.map((direction) => ({ name, title: system.title, direction, count: countOf(system, quick) })),
    );
    const trials = new Map(
      pairs.flatMap(({ name: system, direction, count }) =>
        WAYS.map((way) => [keyOf(system, direction, way), { system, direction, way, count, engine }]),
      ),
    );
    const runs = await inRounds(quick ? 1 : rounds, trials.keys(), async (key, round) => {
      const figures = await measure(trials.get(key));
      console.error(`round ${round + 1}, ${key}: ${thousands(figures.perSecond, 1)}`);
      return figures;
    });
    const rows = pairs.map((pair) => rowOf(runs, pair));
    publish(engine === 'memory' ? 'bridges' : `bridges-${engine}`, table(HEAD, rows), { rounds, quick, engine, runs });
  });
}

export function bridges(program) {
  program
    .command('bridges')
    .description('messages through each bridge, in and out, beside the same client of the broker without Sluice')
    .option('--systems <names...>', `some of: ${NAMES.join(', ')}`)
    .option('--directions <names...>', '"in" (from the broker) or "out"')
    .option('--engine <name>', 'of the gateway: memory or durable', 'memory')
    .option('--rounds <n>', 'runs; the table shows medians', number, 3)
    .option('--quick', 'one short run', false)
    .action(run);
}

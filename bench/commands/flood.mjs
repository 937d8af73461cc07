import { publish, table } from '../src/report.mjs';
import { inRounds, rowsOf } from '../src/rounds.mjs';
import { playScene } from '../src/scene.mjs';
import { ms, number } from '../src/units.mjs';

async function run({ rounds }) {
  const options = { readers: 100, rate: 100, seconds: 15, args: ['limited'], warm: true };
  const floods = { quiet: undefined, 'one connection': 'edge', 'one after the other': 'hose' };
  const runs = await inRounds(rounds, Object.keys(floods), (name) =>
    playScene('flood', { ...options, beside: floods[name] }),
  );
  const rows = rowsOf(runs, (pick) => [ms(pick('p50')), ms(pick('p99'))]);
  publish('flood', table(['run', 'p50 of the others', 'p99'], rows), { ...options, runs });
}

export function flood(program) {
  program
    .command('flood')
    .description('what one connection that sends without end costs the others')
    .option('--rounds <n>', 'runs with and without; the table shows medians', number, 3)
    .action(run);
}

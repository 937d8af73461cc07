import { measureRows } from '../src/expensive-command-rows.mjs';
import { publish, table } from '../src/report.mjs';
import { inRounds, rowsOf } from '../src/rounds.mjs';
import { playScene } from '../src/scene.mjs';
import { ms, number } from '../src/units.mjs';

async function run({ rounds, seconds }) {
  if (rounds > 0) await runFloods(rounds);
  if (seconds > 0) await runCommands(seconds);
}

async function runCommands(seconds) {
  const measured = await measureRows(seconds);
  const rows = measured.map(({ row, perSecond, each, share }) => [
    row,
    perSecond.toFixed(1),
    ms(each),
    `${(share * 100).toFixed(1)} %`,
  ]);
  publish('flood-commands', table(['command', 'a second', 'CPU each', 'of a core'], rows), { seconds, measured });
}

async function runFloods(rounds) {
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
    .option(
      '--seconds <n>',
      'how long each command is asked for, at its worst and as often as the limits allow',
      number,
      10,
    )
    .action(run);
}

import { publish, table } from '../src/report.mjs';
import { inRounds, medianOf } from '../src/rounds.mjs';
import { playScene } from '../src/scene.mjs';
import { number } from '../src/units.mjs';

async function run({ members, churn, rounds }) {
  const options = { members, watchers: 100, churn, seconds: 5 };
  const { runs } = await inRounds(rounds, ['runs'], () => playScene('presence', options));
  const pick = medianOf(runs);
  const rows = [
    ['members', members],
    ['changes per second', Math.round(pick('changesPerSecond'))],
    ['bytes per second to each watcher', Math.round(pick('bytesPerSecond'))],
    ['bytes to each watcher while all joined', Math.round(pick('fillingBytes'))],
  ];
  publish('presence', table(['presence', ''], rows), { members, churn, runs });
}

export function presence(program) {
  program
    .command('presence')
    .description('what a full room costs those who watch it')
    .option('--members <n>', 'members', number, 10_000)
    .option('--churn <n>', 'members per second who leave and come back', number, 1_000)
    .option('--rounds <n>', 'runs; the table shows medians', number, 3)
    .action(run);
}

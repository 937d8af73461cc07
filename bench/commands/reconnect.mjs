import { publish, table } from '../src/report.mjs';
import { inRounds, medianOf } from '../src/rounds.mjs';
import { playScene } from '../src/scene.mjs';
import { ms, number } from '../src/units.mjs';

async function run({ clients, missed, rounds }) {
  const { runs } = await inRounds(rounds, ['runs'], () => playScene('reconnect', { clients, channels: 50, missed }));
  const pick = medianOf(runs);
  const rows = [
    ['connect only', ms(pick('bare'))],
    ['connect and subscribe', ms(pick('plain'))],
    [`connect, subscribe, catch up on ${missed}`, ms(pick('resumed'))],
  ];
  publish('reconnect', table([`${clients} clients`, 'until the last is served'], rows), { clients, missed, runs });
}

export function reconnect(program) {
  program
    .command('reconnect')
    .description('everybody reconnects at once, each with messages missed')
    .option('--clients <n>', 'clients', number, 5_000)
    .option('--missed <n>', 'messages that each of them missed', number, 100)
    .option('--rounds <n>', 'runs; the table shows medians', number, 3)
    .action(run);
}

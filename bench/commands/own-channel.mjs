import { measureOwnChannels, servers } from '../src/own-channels.mjs';
import { publish, table } from '../src/report.mjs';
import { inRounds, rowsOf } from '../src/rounds.mjs';
import { kib, mib, number } from '../src/units.mjs';

const HEAD = ['server', 'one of the first', 'one more', 'once'];

async function run({ connections, rounds }) {
  const runs = await inRounds(rounds, Object.keys(servers), (name) =>
    measureOwnChannels(servers[name], { connections }),
  );
  const rows = rowsOf(runs, (pick) => [kib(pick('first')), kib(pick('each')), mib(pick('once'))]);
  publish('own-channel', table(HEAD, rows), { connections, runs });
}

export function ownChannel(program) {
  program
    .command('own-channel')
    .description('resident memory of idle connections that each have a channel of their own')
    .option('--connections <n>', 'connections of each half', number, 10_000)
    .option('--rounds <n>', 'runs of each server; the table shows medians', number, 3)
    .action(run);
}

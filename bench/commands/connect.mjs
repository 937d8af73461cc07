import { measureConnects, servers } from '../src/connects.mjs';
import { publish, table } from '../src/report.mjs';
import { inRounds, medianOf, rowsOf } from '../src/rounds.mjs';
import { micros, number, thousands } from '../src/units.mjs';

const HEAD = ['server', 'CPU each, fresh', 'CPU each, warm', 'connects, warm', '× bare'];

async function run({ clients, storms, rounds }) {
  const runs = await inRounds(rounds, Object.keys(servers), (name) =>
    measureConnects(servers[name], { clients, storms }),
  );
  const base = medianOf(runs[Object.keys(servers)[0]])('warmPerSecond');
  const rows = rowsOf(runs, (pick) => [
    micros(pick('cold')),
    micros(pick('warm')),
    thousands(pick('warmPerSecond'), 1),
    (pick('warmPerSecond') / base).toFixed(2),
  ]);
  publish('connect', table(HEAD, rows), { clients, storms, runs });
}

export function connect(program) {
  program
    .command('connect')
    .description('CPU of connects: upgrade, token of HS256 and subscription, all clients at once')
    .option('--clients <n>', 'clients that connect at once, each with a token of its own', number, 5_000)
    .option('--storms <n>', 'times that they connect again on the warm server', number, 4)
    .option('--rounds <n>', 'runs of each server; the table shows medians', number, 3)
    .action(run);
}

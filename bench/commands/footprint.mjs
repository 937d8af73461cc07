import { measureFootprint, parts } from '../src/footprint.mjs';
import { median, publish, table } from '../src/report.mjs';
import { number } from '../src/units.mjs';

async function run({ connections, rounds }) {
  const runs = [];
  while (runs.length < rounds) runs.push(await measureFootprint(connections));
  const rows = Object.keys(parts).map((name) => {
    const bytes = median(runs.map((each) => each[name]));
    return [name, `${Math.round(bytes / 10) * 10} bytes`];
  });
  publish('footprint', table(['what', 'in the heap'], rows), { connections, runs });
}

export function footprint(program) {
  program
    .command('footprint')
    .description('memory of a connection, a subscription, a channel, a log, a member')
    .option('--connections <n>', 'connections that are compared with as many before; each holds ten', number, 1_000)
    .option('--rounds <n>', 'runs; the table shows medians', number, 3)
    .action(run);
}

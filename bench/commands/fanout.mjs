import { measure, servers } from '../src/fanout.mjs';
import { publish, table } from '../src/report.mjs';
import { inRounds, medianOf, rowsOf } from '../src/rounds.mjs';
import { millions, ms, number } from '../src/units.mjs';

const HEAD = ['server', 'deliveries', '× bare', 'p50', 'p99', 'CPU s / million'];

/** Measures the highest rate of each server, and prints one table. `name`: of the results. */
export async function compare(name, measured, { subscribers, channels, rounds, seconds, steps }) {
  const runs = await inRounds(rounds, Object.keys(measured), async (name, round) => {
    const best = await measure(measured[name], { subscribers, channels, seconds, steps });
    console.error(`round ${round + 1}, ${name}: ${Math.round(best?.deliveriesPerSecond ?? 0)} deliveries/s`);
    return best;
  });
  const base = medianOf(runs['bare, publish'] ?? [])('deliveriesPerSecond');
  const rows = rowsOf(runs, (pick) => [
    millions(pick('deliveriesPerSecond')),
    (pick('deliveriesPerSecond') / base).toFixed(2),
    ms(pick('p50')),
    ms(pick('p99')),
    pick('cpuPerMillion').toFixed(3),
  ]);
  publish(`${name}-${channels}x${subscribers / channels}`, table(HEAD, rows), { subscribers, channels, runs });
}

function run({ only, ...options }) {
  const chosen = Object.entries(servers).filter(([name]) => only === undefined || only.includes(name));
  return compare('fanout', Object.fromEntries(chosen), options);
}

/** The options that all comparisons of fan-out share. */
export const withSize = (command) =>
  command
    .option('--subscribers <n>', 'connections that receive', number, 1000)
    .option('--channels <n>', 'channels that they share', number, 1)
    .option('--rounds <n>', 'runs of each server; the table shows medians', number, 3)
    .option('--seconds <n>', 'length of one trial', number, 2)
    .option('--steps <n>', 'halvings of the last step', number, 3);

export function fanout(program) {
  withSize(program.command('fanout').description('deliveries per second at p99 < 100 ms without loss'))
    .option('--only <name...>', `servers: ${Object.keys(servers).join('; ')}`)
    .action(run);
}

#!/usr/bin/env node
import { Command } from 'commander';
import { measure, servers } from './src/fanout.mjs';
import { median, publish, table } from './src/report.mjs';

const program = new Command('bench').description('Measures Sluice beside bare uWebSockets.js, in the same run.');
const number = (text) => Number(text);

program
  .command('fanout')
  .description('deliveries per second at p99 < 100 ms without loss')
  .option('--subscribers <n>', 'connections that receive', number, 1000)
  .option('--channels <n>', 'channels that they share', number, 1)
  .option('--rounds <n>', 'runs of each server; the table shows medians', number, 3)
  .option('--seconds <n>', 'length of one trial', number, 2)
  .option('--steps <n>', 'halvings of the last step', number, 3)
  .option('--only <name...>', `servers: ${Object.keys(servers).join('; ')}`)
  .action(async ({ subscribers, channels, rounds, seconds, steps, only }) => {
    // One topic for all is what the bare server does; with many channels, its figure for one stands beside.
    const names = Object.keys(servers).filter((name) => only === undefined || only.includes(name));
    const runs = Object.fromEntries(names.map((name) => [name, []]));
    for (let round = 0; round < rounds; round++) {
      for (const name of names) {
        const best = await measure(servers[name], { subscribers, channels, seconds, steps });
        runs[name].push(best);
        console.error(`round ${round + 1}, ${name}: ${Math.round(best?.deliveriesPerSecond ?? 0)} deliveries/s`);
      }
    }
    const pick = (name, field) => median(runs[name].map((run) => run?.[field] ?? 0));
    const base = runs['bare, publish'] === undefined ? Number.NaN : pick('bare, publish', 'deliveriesPerSecond');
    const rows = names.map((name) => [
      name,
      `${(pick(name, 'deliveriesPerSecond') / 1e6).toFixed(2)} M/s`,
      (pick(name, 'deliveriesPerSecond') / base).toFixed(2),
      `${pick(name, 'p50').toFixed(1)} ms`,
      `${pick(name, 'p99').toFixed(1)} ms`,
      pick(name, 'cpuPerMillion').toFixed(3),
    ]);
    const head = ['server', 'deliveries', '× bare', 'p50', 'p99', 'CPU s / million'];
    publish(`fanout-${channels}x${subscribers / channels}`, table(head, rows), { subscribers, channels, runs });
  });

await program.parseAsync();

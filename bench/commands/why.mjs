import { answer, start, startAnywhere, stop } from '../src/processes.mjs';
import { publish, table } from '../src/report.mjs';
import { number, percent } from '../src/units.mjs';

/** Without subscribers, a publish costs so little that its turn would hide it. */
const LOADS = {
  'no subscribers': { clients: 0, publishes: 20_000, perTurn: 256 },
  '10 subscribers, one publish per turn': { clients: 10, publishes: 1_000, perTurn: 1 },
};

/** The lower quartile: other programs of the machine only ever add to the CPU time of a block. */
const undisturbed = (blocks) => blocks.toSorted((a, b) => a - b)[Math.floor(blocks.length / 4)];

async function measure({ clients, ...load }, blocks) {
  const server = start('remembering-server.mjs', 0);
  const readers = startAnywhere('storm.mjs');
  try {
    for (const port of await answer(server, 'ports')) {
      readers.send({ storm: { port, kind: 'sluice', clients } });
      await answer(readers, 'stormed');
    }
    server.send({ measure: { blocks, ...load } });
    const [on, off] = await answer(server, 'measured');
    return { on: undisturbed(on), off: undisturbed(off) };
  } finally {
    await stop(readers);
    await stop(server);
  }
}

async function run({ blocks }) {
  const runs = {};
  for (const [name, load] of Object.entries(LOADS)) runs[name] = await measure(load, blocks);
  const rows = Object.entries(runs).map(([name, { on, off }]) => [
    ...[name, `${off.toFixed(2)} µs`, `${on.toFixed(2)} µs`],
    percent(on / off - 1),
  ]);
  publish('why', table(['', 'CPU, remembers nothing', 'CPU, log.decisions: 10000', 'more'], rows), { blocks, runs });
}

export function why(program) {
  program
    .command('why')
    .description('what a publish costs more while the gateway remembers what became of messages')
    .option('--blocks <n>', 'blocks of publishes of each gateway; the table shows their lower quartile', number, 200)
    .action(run);
}

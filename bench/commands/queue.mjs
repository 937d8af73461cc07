import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { answer, cpuSeconds, start, stop } from '../src/processes.mjs';
import { publish, table } from '../src/report.mjs';
import { inRounds, rowsOf } from '../src/rounds.mjs';
import { micros, ms, number, numbers, thousands } from '../src/units.mjs';

const HEAD = ['', 'on their way', 'per second', 'p50', 'p99', 'CPU each'];

/** Plays one scene against a fresh gateway. */
async function measure(scene, { engine, folder, ...options }) {
  const data = engine === 'durable' ? mkdtempSync(join(folder ?? tmpdir(), 'bench-queue-')) : undefined;
  const server = start('sluice-server.mjs', 0, data === undefined ? [] : [`durable=${data}`]);
  const player = start('play.mjs', 1);
  try {
    const port = await answer(server, 'port');
    const before = cpuSeconds(server);
    player.send({ play: { scene, port, ...options } });
    const figures = await answer(player, 'played');
    // The warm-up is as busy as the rest.
    const share = options.seconds / (options.seconds + 2);
    return { ...figures, cpuEach: ((cpuSeconds(server) - before) * share) / figures.done };
  } finally {
    await stop(player);
    await stop(server);
    if (data !== undefined) rmSync(data, { recursive: true, force: true });
  }
}

async function run({ seconds, windows = [1, 64, 512], consumers, rounds, folder }) {
  const measured = {};
  for (const engine of ['memory', 'durable']) {
    for (const window of windows)
      measured[`queue, ${engine}|${window}`] = ['queue', { engine, window, consumers, folder }];
  }
  for (const window of windows)
    measured[`request and reply|${window}`] = ['requests', { window, responders: consumers }];
  const runs = await inRounds(rounds, Object.keys(measured), (name) => {
    const [scene, options] = measured[name];
    return measure(scene, { ...options, seconds });
  });
  const rows = rowsOf(runs, (pick, name) => [
    name.split('|')[1],
    thousands(pick('perSecond'), 1),
    ms(pick('p50')),
    ms(pick('p99')),
    micros(pick('cpuEach')),
  ]).map(([name, ...cells]) => [name.split('|')[0], ...cells]);
  publish('queue', table(HEAD, rows), { seconds, consumers, runs });
}

export function queue(program) {
  program
    .command('queue')
    .description('messages that are published, delivered and acknowledged; requests that are answered')
    .option('--windows <n...>', 'messages on their way at a time', numbers)
    .option('--consumers <n>', 'consumers, or responders', number, 4)
    .option('--seconds <n>', 'length of one run', number, 3)
    .option('--rounds <n>', 'runs; the table shows medians', number, 3)
    .option('--folder <path>', 'where the files of the durable engine go: on the disk that is meant')
    .action(run);
}

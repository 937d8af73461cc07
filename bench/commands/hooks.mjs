import { measureConnects } from '../src/connects.mjs';
import { answer, start, stop } from '../src/processes.mjs';
import { publish, table } from '../src/report.mjs';
import { inRounds, rowsOf } from '../src/rounds.mjs';
import { micros, number, thousands } from '../src/units.mjs';

const HEAD = ['server', 'CPU each, warm', 'connects, warm', 'until the last is served'];
/** The core of the load, which has little to do while the backend waits. */
const BACKEND_CORE = 1;

/** @param delay ms until the backend answers; `null`: no hook */
async function measure(delay, options) {
  const server = { file: 'sluice-server.mjs', args: [], kind: 'sluice' };
  if (delay === null) return await measureConnects(server, options);
  const backend = start('hook-backend.mjs', BACKEND_CORE, [String(delay)]);
  try {
    const port = await answer(backend, 'port');
    return await measureConnects({ ...server, args: [`hook=http://127.0.0.1:${port}/`] }, options);
  } finally {
    await stop(backend);
  }
}

async function run({ clients: most, delay, rounds: all, quick }) {
  const clients = quick ? Math.min(most, 1_000) : most;
  const rounds = quick ? 1 : all;
  const variants = { 'no hook': null, [`a hook that answers after ${delay} ms`]: delay };
  const runs = await inRounds(rounds, Object.keys(variants), (name) =>
    measure(variants[name], { clients, storms: quick ? 1 : 3 }),
  );
  const rows = rowsOf(runs, (pick) => [
    micros(pick('warm')),
    thousands(pick('warmPerSecond'), 1),
    `${((clients / pick('warmPerSecond')) * 1000).toFixed(0)} ms`,
  ]);
  publish('hooks', table(HEAD, rows), { clients, delay, runs });
}

export function hooks(program) {
  program
    .command('hooks')
    .description('everybody reconnects and subscribes at once, with a hook "subscribe" that asks a backend')
    .option('--clients <n>', 'clients that connect at once, each with a token of its own', number, 5_000)
    .option('--delay <ms>', 'until the backend answers', number, 20)
    .option('--rounds <n>', 'runs; the table shows medians', number, 3)
    .option('--quick', 'one run with at most 1,000 clients')
    .action(run);
}

/**
 * How many deliveries a second: 128-byte messages to many subscribers, at the highest rate with p99
 * below 100 ms and nothing lost.
 */
import { answer, cpuTimes, start, stop } from './processes.mjs';

const SERVER_CORE = 0;
const LOAD_CORE = 1;
const MOST_P99 = 100;

/** Is the trial complete, and its latency acceptable? */
export const isGood = ({ complete, p99 }) => complete && p99 !== null && p99 < MOST_P99;

export const servers = {
  'bare, publish': { file: 'bare-server.mjs', args: ['publish'], kind: 'bare' },
  'bare, loop': { file: 'bare-server.mjs', args: ['loop'], kind: 'bare' },
  sluice: { file: 'sluice-server.mjs', args: [], kind: 'sluice' },
};

/** Sluice with a window for the measured channels, in ms. */
export const coalescing = (window) => ({ ...servers.sluice, args: [`coalesce=${window}`] });

/** Starts a server of ours, or a peer, which starts itself. */
async function open({ file, args, open }) {
  if (open !== undefined) return open(SERVER_CORE);
  const server = start(file, SERVER_CORE, args);
  return { server, port: await answer(server, 'port') };
}

async function withServer(measured, { subscribers, channels }, work) {
  const { server, port } = await open(measured);
  const load = start('load.mjs', LOAD_CORE);
  try {
    const { kind } = measured;
    load.send({ open: { port, kind, subscribers, channels, unhurried: channels > 1 } });
    await answer(load, 'opened');
    const run = async (rate, seconds) => {
      const before = cpuTimes(server);
      load.send({ trial: { rate, seconds } });
      const trial = await answer(load, 'trial');
      const after = cpuTimes(server);
      const perMillion = (seconds) => (seconds / trial.deliveries) * 1e6;
      const userPerMillion = perMillion(after.user - before.user);
      const cpuPerMillion = userPerMillion + perMillion(after.system - before.system);
      return {
        ...trial,
        cpuPerMillion,
        userPerMillion,
        good: isGood(trial),
      };
    };
    return await work(run);
  } finally {
    await stop(load);
    await stop(server);
  }
}

/** Climbs until a rate is too high, then halves the step between the last good and the first bad one. */
export async function climb(run, { first, seconds, steps }) {
  const tryRate = async (rate) => {
    const trial = await run(rate, seconds);
    return trial.good ? trial : run(rate, seconds); // on a shared machine anything fails now and then
  };
  await run(first, 3); // until the compiler has done its work
  let best;
  let low = 0;
  let high;
  for (let rate = first; high === undefined; rate *= 1.5) {
    const trial = await tryRate(rate);
    if (trial.good) {
      best = trial;
      low = rate;
    } else {
      high = rate;
    }
    if (rate > first * 5000) break;
  }
  for (let step = 0; step < steps && high !== undefined; step++) {
    const rate = (low + high) / 2;
    const trial = await tryRate(rate);
    if (trial.good) {
      best = trial;
      low = rate;
    } else {
      high = rate;
    }
  }
  return best;
}

/** One measurement of one server. */
export function measure(server, { subscribers, channels, seconds, steps }) {
  // Start low enough that even a loop over the sockets manages, in messages per second.
  const first = Math.max(40, Math.round((50_000 / subscribers) * channels));
  return withServer(server, { subscribers, channels }, (run) => climb(run, { first, seconds, steps }));
}

/** One trial at a given rate, after a warm-up. */
export function measureAt(server, { subscribers, channels, rate, seconds }) {
  return withServer(server, { subscribers, channels }, async (run) => {
    await run(rate, 3); // until the compiler has done its work
    return run(rate, seconds);
  });
}

/** Measures messages that are worked on, with a fresh server for each measurement. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brokers, startNats, startRabbit, stopBroker } from './brokers.mjs';
import { answer, cpuSeconds, start, stop } from './processes.mjs';
import { publish, table } from './report.mjs';
import { inRounds, medianOf } from './rounds.mjs';
import { micros, ms, thousands } from './units.mjs';

const HEAD = ['', 'on their way', 'per second', 'p50', 'p99', 'CPU each', 'refused'];
const WARM_UP = 2;

/** @typedef {{ server: import('node:child_process').ChildProcess, port: number, stop: () => Promise<void> }} Started */

async function startSluice({ engine, folder }) {
  const data = engine === 'durable' ? mkdtempSync(join(folder ?? tmpdir(), 'bench-queue-')) : undefined;
  const server = start('sluice-server.mjs', 0, data === undefined ? [] : [`durable=${data}`]);
  const port = await answer(server, 'port');
  return {
    server,
    port,
    async stop() {
      await stop(server);
      if (data !== undefined) rmSync(data, { recursive: true, force: true });
    },
  };
}

const startBroker = async (start, binary, folder) => {
  const broker = await start(binary, { core: 0, folder });
  return { ...broker, stop: () => stopBroker(broker) };
};

/** Starts the server of a system: `{ server, port, stop }`. */
export const servers = {
  sluice: ({ engine, folder }) => startSluice({ engine, folder }),
  rabbitmq: ({ folder }) => startBroker(startRabbit, brokers().rabbitmq, folder),
  nats: ({ folder }) => startBroker(startNats, brokers().nats, folder),
};

const PACKAGES = { rabbitmq: ['amqplib'], nats: ['@nats-io/transport-node', '@nats-io/jetstream'] };

async function isInstalled(name) {
  try {
    await import(name);
    return true;
  } catch {
    return false;
  }
}

/** Why a system cannot be measured here; `undefined`: it can. */
async function missing(system) {
  if (system === 'sluice') return undefined;
  if (brokers()[system] === undefined)
    return `this machine has no ${system === 'nats' ? 'nats-server' : 'rabbitmq-server'}`;
  const packages = PACKAGES[system];
  const installed = await Promise.all(packages.map(isInstalled));
  return installed.every(Boolean) ? undefined : `run: npm install --no-save ${packages.join(' ')}`;
}

/** The systems of a list that this machine has; the others are named. */
export async function available(systems) {
  const found = {};
  for (const [name, system] of Object.entries(systems)) {
    const reason = await missing(system.system);
    if (reason === undefined) found[name] = system;
    else console.error(`without ${name}: ${reason}`);
  }
  return found;
}

/** Loads one system: with `window` messages on their way, or with `rate` per second. */
async function measure(system, load) {
  const started = await servers[system.system](system);
  const player = start('play.mjs', 1);
  try {
    const { port, server } = started;
    const before = cpuSeconds(server);
    player.send({ play: { scene: 'flow', port, warmUp: WARM_UP, ...system, ...load } });
    const figures = await answer(player, 'played');
    // The warm-up is as busy as the rest.
    const share = load.seconds / (load.seconds + WARM_UP);
    return { ...figures, cpuEach: ((cpuSeconds(server) - before) * share) / figures.done };
  } finally {
    await stop(player);
    await started.stop();
  }
}

const rowOf = ([name, load, figures]) => {
  const pick = medianOf(figures);
  const latencies = [ms(pick('p50')), ms(pick('p99'))];
  return [name, load, thousands(pick('perSecond'), 1), ...latencies, micros(pick('cpuEach')), pick('refused')];
};

/**
 * Measures systems beside each other, round after round: with each number of messages on their way,
 * and then with half the rate that each has reached with the most.
 *
 * @param name of the file of results
 * @param systems by the name of the row: `{ system, kind, … }`
 */
export async function compareFlows(name, systems, { windows, seconds, rounds }) {
  const present = await available(systems);
  const most = Math.max(...windows);
  const runs = await inRounds(rounds, Object.keys(present), async (row, round) => {
    const figures = {};
    for (const window of windows) figures[window] = await measure(present[row], { window, seconds });
    figures.half = await measure(present[row], { rate: figures[most].perSecond / 2, seconds });
    console.error(`round ${round + 1}, ${row}: ${thousands(figures[most].perSecond, 1)}`);
    return figures;
  });
  const rows = Object.entries(runs).flatMap(([row, figures]) =>
    [...windows, 'half'].map((load) =>
      rowOf([row, load === 'half' ? 'half the most' : load, figures.map((each) => each[load])]),
    ),
  );
  publish(name, table(HEAD, rows), { windows, seconds, rounds, runs });
}

/** Short runs. */
export const QUICK = { windows: [64], seconds: 1, rounds: 1 };

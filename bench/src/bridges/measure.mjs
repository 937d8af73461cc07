/** Measures a bridge, and the client of its broker alone, each with a broker of its own. */
import { execFileSync, fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { answer, start, stop } from '../processes.mjs';
import { loadBrokers } from './brokers.mjs';
import { loadSystem } from './systems.mjs';

/** The part of the messages that a quick run sends. */
const QUICK = 0.2;

/** Brokers inherit the core of this process; what is measured has the other one. */
function bindTo(core) {
  execFileSync('taskset', ['-a', '-c', '-p', String(core), String(process.pid)], { stdio: 'ignore' });
}

/** A broker with what a measurement needs: `{ port, stop }`. */
async function startBroker({ BROKERS }, system, { direction, count }) {
  const server = await BROKERS[system.broker].start();
  const { port } = server;
  await (direction === 'in' ? system.fill(port, count) : system.prepare(port));
  return { port, stop: () => server.remove() };
}

/** A peer without a broker, which runs while the other end is measured. */
async function startPeer({ freePort }, _system, { direction, count }) {
  const port = await freePort();
  const args = direction === 'in' ? ['send', port, count] : ['acknowledge', port];
  const peer = fork(fileURLToPath(new URL('./zeromq-peer.mjs', import.meta.url)), args.map(String));
  return { port, stop: () => stop(peer) };
}

/** Measures one way of one system: `{ perSecond, cpuEach }`. */
async function measure(harness, trial) {
  const system = await loadSystem(trial.system);
  const other = await (system.peer === true ? startPeer : startBroker)(harness, system, trial);
  const data = mkdtempSync(join(tmpdir(), 'bench-bridges-'));
  const player = start('bridges/player.mjs', 1);
  try {
    const played = answer(player, 'played');
    player.send({ play: { ...trial, port: other.port, data } });
    return await played;
  } finally {
    await stop(player);
    await other.stop();
    rmSync(data, { recursive: true, force: true });
  }
}

/** The systems of a list that this machine has, by name; the others are reported. */
async function available({ BROKERS }, names) {
  const systems = await Promise.all(names.map(async (name) => [name, await loadSystem(name)]));
  return new Map(
    systems.filter(([name, { broker }]) => {
      const { skip } = BROKERS[broker] ?? { skip: false };
      if (skip !== false) console.error(`without ${name}: ${skip}`);
      return skip === false;
    }),
  );
}

/** Calls back with `measure` and the systems of this machine, and ends all brokers. */
export async function withBrokers(names, work) {
  bindTo(0);
  const harness = await loadBrokers();
  try {
    return await work((trial) => measure(harness, trial), await available(harness, names));
  } finally {
    await harness.removeServers();
  }
}

/** Messages of a measurement. */
export const countOf = ({ count }, quick) => Math.round(count * (quick ? QUICK : 1));

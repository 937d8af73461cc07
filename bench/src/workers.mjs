/**
 * Several workers beside one process at the same load: what the way between processes costs, and
 * what the kernel makes of more than one. Nothing is bound to a core: the load generator takes its
 * share of the machine, and the table says how much CPU the server took.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { answer, cpuSeconds, residentBytes, startAnywhere, stop } from './processes.mjs';
import { SECRET } from './tokens.mjs';

const PROGRAM = fileURLToPath(new URL('../../cli/bin/sluice.js', import.meta.url));

const config = (workers) => ({
  host: '127.0.0.1',
  port: 0,
  workers,
  drain: 0,
  heartbeat: '8m',
  keys: [{ secret: SECRET }],
  log: { level: 'info', format: 'json' },
  limits: { subscriptions: 10_000, connectionsPerUser: 0, operations: 0, bytes: 0 },
  channels: { 'bench:{n}': { allow: { '*': 'users' }, history: { count: 1000, age: '1h' } } },
});

const childrenOf = (pid) =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ').filter(Boolean).map(Number);

/** Starts `sluice serve`; resolves when it listens. */
async function serve(workers) {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  const file = join(folder, 'sluice.json');
  writeFileSync(file, JSON.stringify(config(workers)));
  const child = spawn(process.execPath, [PROGRAM, 'serve', '--config', file], { stdio: ['ignore', 'pipe', 'inherit'] });
  const started = workers === 1 ? 'gateway started' : 'all workers started';
  const port = await new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`sluice serve ended with ${code}`)));
    createInterface(child.stdout).on('line', (line) => {
      const { msg, url } = JSON.parse(line);
      if (msg === started) resolve(Number(new URL(url).port));
    });
  });
  const processes = [child.pid, ...childrenOf(child.pid)].map((pid) => ({ pid }));
  const sum = (measure) => processes.reduce((total, one) => total + measure(one), 0);
  return {
    port,
    cpu: () => sum(cpuSeconds),
    resident: () => sum(residentBytes),
    async end() {
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      await gone;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** One trial at a given rate, after a warm-up. */
export async function measureWorkers(workers, { subscribers, channels, rate, seconds }) {
  const server = await serve(workers);
  const load = startAnywhere('load.mjs');
  try {
    load.send({ open: { port: server.port, kind: 'sluice', subscribers, channels, countAll: true } });
    await answer(load, 'opened');
    const run = async (length) => {
      load.send({ trial: { rate, seconds: length } });
      return answer(load, 'trial');
    };
    await run(1);
    const before = server.cpu();
    const trial = await run(seconds);
    const cpu = server.cpu() - before;
    return { ...trial, cpuPerMillion: (cpu / trial.deliveries) * 1e6, resident: server.resident() };
  } finally {
    await stop(load);
    await server.end();
  }
}

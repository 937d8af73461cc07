/** Starts the measured server and the load generator as processes of their own, each on its own core. */
import { execFileSync, fork } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const file = (name) => fileURLToPath(new URL(name, import.meta.url));

/** @param core CPU that all threads of the process are bound to */
export function start(name, core, args = [], execArgv = ['--max-semi-space-size=32']) {
  const child = startAnywhere(name, args, execArgv);
  execFileSync('taskset', ['-a', '-c', '-p', String(core), String(child.pid)], { stdio: 'ignore' });
  return child;
}

/** Like `start`, on any core. */
export function startAnywhere(name, args = [], execArgv = ['--max-semi-space-size=32']) {
  return fork(file(name), args, { execArgv: ['--expose-gc', ...execArgv] });
}

/** The child's next answer that has this field. */
export function answer(child, field) {
  return new Promise((resolve, reject) => {
    const onExit = (code) => reject(new Error(`a process of the benchmark ended with ${code}`));
    child.once('exit', onExit);
    child.on('message', function listen(message) {
      if (!(field in message)) return;
      child.off('message', listen);
      child.off('exit', onExit);
      resolve(message[field]);
    });
  });
}

export async function stop(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}

/** CPU seconds, user and system, of all threads of a process. Documentation/scheduler/sched-stats.rst. */
export function cpuSeconds({ pid }) {
  const threads = readdirSync(`/proc/${pid}/task`);
  const nanoseconds = (thread) => Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').split(' ')[0]);
  return threads.reduce((sum, thread) => sum + nanoseconds(thread), 0) / 1e9;
}

const TICKS_PER_SECOND = 100;

/**
 * The same in ticks, split: `user` is the program's own time, `system` the kernel's, mostly for
 * writing to sockets. proc(5), /proc/[pid]/stat.
 */
export function cpuTimes({ pid }) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { user: Number(fields[11]) / TICKS_PER_SECOND, system: Number(fields[12]) / TICKS_PER_SECOND };
}

/** Resident memory in bytes. */
export function residentBytes({ pid }) {
  const line = readFileSync(`/proc/${pid}/status`, 'latin1').match(/VmRSS:\s+(\d+) kB/);
  return Number(line?.[1] ?? 0) * 1024;
}

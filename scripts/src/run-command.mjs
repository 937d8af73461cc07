/** Runs a command and its child processes as long as they make progress. */
import { spawn } from 'node:child_process';
import { Watchdog } from './watchdog.mjs';

const MINUTE = 60_000;

/** Minutes without any progress after which a command counts as hanging, however slow the machine is. */
export const PATIENCE = 10;

/**
 * @typedef {{ done: number, total: number, running: string[] }} Progress what a test runner reports
 *   while it runs
 *
 * @typedef {object} RunOptions
 * @property {number} [patience] minutes without output or a reported progress, after which the
 *   command is stopped (default 10)
 * @property {Record<string, string>} [env] added to this process's environment
 * @property {string} [cwd]
 * @property {(text: string) => void} [write] receives the output (default: standard output)
 * @property {(progress: Progress) => void} [onProgress] receives the reports of the command's reporter
 * @property {(patience: number, onHang: import('./watchdog.mjs').OnHang) => Pick<Watchdog, 'feed' |
 *   'end'>} [watch] makes the watchdog
 */

/**
 * Runs a command, without a time limit. A command that makes no progress is stopped with its
 * children, and the files that it was working on are reported.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<boolean>} did it exit with 0?
 */
export function runCommand(command, args, options = {}) {
  const { patience = PATIENCE, env = {}, cwd, write = writeOut, onProgress, watch = newWatchdog } = options;
  const child = spawn(command, args, {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: { ...colours(), ...process.env, ...env },
    // A group of its own, so that browsers and gateways end with it.
    detached: true,
  });
  const stop = () => killGroup(child.pid);
  const watchdog = watch(patience * MINUTE, (running) => {
    write(`\n${command} ${args.join(' ')}: stopped after ${patience} minutes without progress${named(running)}\n`);
    stop();
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text) => {
      watchdog.feed();
      write(text);
    });
  }
  child.on('message', (message) => {
    const progress = /** @type {Progress} */ (message);
    watchdog.feed(progress.running);
    onProgress?.(progress);
  });
  const release = onInterrupt(stop);
  return new Promise((resolve) => {
    child.on('error', (error) => {
      write(`${command} could not be started: ${error.message}\n`);
      resolve(false);
    });
    child.on('close', (code) => resolve(code === 0));
  }).finally(() => {
    watchdog.end();
    release();
  });
}

/** @param {string} text */
const writeOut = (text) => {
  process.stdout.write(text);
};

/** @param {number} patience @param {import('./watchdog.mjs').OnHang} onHang */
const newWatchdog = (patience, onHang) => new Watchdog(patience, onHang);

/** A pipe is not a terminal, so child processes are told if ours is one. @returns {Record<string, string>} */
const colours = () => (process.stdout.isTTY ? { FORCE_COLOR: '1' } : {});

/** @param {readonly string[]} running */
const named = (running) => (running.length === 0 ? '' : `; still running:\n  ${running.join('\n  ')}`);

/** Stops the child processes on an interrupt. @param {() => void} stop @returns {() => void} undoes it */
function onInterrupt(stop) {
  const interrupted = () => {
    stop();
    process.exit(130);
  };
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
  return () => process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
}

/** @param {number | undefined} pid */
function killGroup(pid) {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

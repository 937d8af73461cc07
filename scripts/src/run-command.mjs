/** Runs a command and all that it starts, with a time limit. */
import { spawn } from 'node:child_process';

const MINUTE = 60_000;

/**
 * Runs a command with its output on ours.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {{ minutes?: number, env?: Record<string, string>, cwd?: string }} [options] after `minutes` (default 5) it is killed, with its children
 * @returns {Promise<boolean>} did it end with the code 0?
 */
export function runCommand(command, args, { minutes = 5, env = {}, cwd } = {}) {
  const child = spawn(command, args, {
    cwd,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...env },
    // A group of its own, so that browsers and gateways end with it.
    detached: true,
  });
  const kill = () => killGroup(child.pid);
  const interrupted = () => {
    kill();
    process.exit(130);
  };
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
  const timer = setTimeout(() => {
    console.error(`\n${command} ${args.join(' ')}: stopped after ${minutes} minutes`);
    kill();
  }, minutes * MINUTE);
  return new Promise((resolve) => {
    child.on('error', (error) => {
      console.error(`${command} could not be started: ${error.message}`);
      resolve(false);
    });
    child.on('close', (code) => resolve(code === 0));
  }).then((ok) => {
    clearTimeout(timer);
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
    return ok === true;
  });
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

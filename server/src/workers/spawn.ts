import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { FromProcess, Role, ToProcess } from './messages.ts';

/** A process that was started. */
export interface Handle {
  readonly pid: number | undefined;
  /** Does nothing if the process has ended. */
  send(message: ToProcess): void;
  /** Kills the process at once. */
  kill(): void;
}

export interface HandleListener {
  message(message: FromProcess): void;
  /**
   * Called once.
   * @param how in words, such as `exit code 1`
   */
  exit(how: { readonly clean: boolean; readonly words: string }): void;
}

/** Starts a process. */
export type Spawn = (role: Role, listener: HandleListener) => Handle;

const file = (role: Role): string => fileURLToPath(new URL(`./${role}-main.js`, import.meta.url));

/** Starts a real process. None of them outlives this process. */
export const spawnProcess: Spawn = (role, listener) => {
  const child = fork(file(role), [], { serialization: 'advanced', stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const kill = (): void => void child.kill('SIGKILL');
  let gone = false;
  const exit = (clean: boolean, words: string): void => {
    if (gone) return;
    gone = true;
    process.off('exit', kill);
    listener.exit({ clean, words });
  };
  process.on('exit', kill);
  child.on('message', (message) => listener.message(message as FromProcess));
  child.on('error', (error) => {
    if (child.pid === undefined) exit(false, error.message); // it could not be started
  });
  child.on('exit', (code, signal) => exit(code === 0, signal === null ? `exit code ${code}` : signal));
  return {
    pid: child.pid,
    send: (message) => {
      if (child.connected) child.send(message, () => {}); // if it fails, "exit" follows
    },
    kill,
  };
};

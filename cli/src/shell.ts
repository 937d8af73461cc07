/** The environment of a command, so that tests can replace it. */

import type { Client, ClientOptions } from '@sluice/client';
import type { Gateway } from '@sluice/server';
import { type Config, type Loaded, loadSupervisor } from '@sluice/server/cli-support';
import type { Reloadable } from './reload-config.ts';
import { type WatchOptions, watchFiles } from './watch-files.ts';

/** A server that runs until it is stopped: a gateway, or the supervisor of several. */
export type Serving = Pick<Gateway, 'start' | 'close' | 'stopped'>;
/** A gateway in this process. */
export type ServingGateway = Serving & Pick<Gateway, 'reload' | 'reloadFrom'>;

export interface Shell {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Is standard output a terminal? */
  readonly terminal: boolean;
  readonly fetch: typeof globalThis.fetch;
  /** Writes a line to standard output: the requested output only. */
  out(line: string): void;
  /** Writes a line to standard error. */
  err(line: string): void;
  /** All of standard input. */
  stdin(): Promise<string>;
  /** Calls back at every SIGINT and SIGTERM. Returns a function that stops that. */
  onSignal(handler: () => void): () => void;
  /** Calls back at every SIGHUP. Returns a function that stops that. */
  onReload(handler: () => void): () => void;
  /** Calls back when the npm that started this process has ended: npm does not pass signals on. */
  onOrphaned(handler: () => void): void;
  /** Watches these files for changes. Returns a function that stops that. */
  watch(files: readonly string[], options: Pick<WatchOptions, 'changed' | 'failed'>): () => void;
  /** Ends the process now. */
  exit(code: number): void;
  /** Loaded when needed: most commands need no server. */
  loadGateway(): Promise<{ createGateway(config: Config): ServingGateway }>;
  loadSupervisor(): Promise<{ Supervisor: new (loaded: Loaded) => Serving & Reloadable }>;
  loadClient(): Promise<{ createClient(options: ClientOptions): Client }>;
}

async function readStdin(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk as Uint8Array));
  return Buffer.concat(chunks).toString('utf8');
}

/** Milliseconds between two checks of the parent process. */
const PARENT_CHECK = 250;

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

export const systemShell: Shell = {
  env: process.env,
  cwd: process.cwd(),
  terminal: process.stdout.isTTY === true,
  fetch: (...args) => globalThis.fetch(...args),
  out: (line) => void process.stdout.write(`${line}\n`),
  err: (line) => void process.stderr.write(`${line}\n`),
  stdin: readStdin,
  onSignal(handler) {
    for (const signal of SIGNALS) process.on(signal, handler);
    return () => {
      for (const signal of SIGNALS) process.off(signal, handler);
    };
  },
  onReload(handler) {
    process.on('SIGHUP', handler);
    return () => process.off('SIGHUP', handler);
  },
  onOrphaned(handler) {
    // `npx sluice serve` and npm scripts: SIGTERM ends npm and its shell, and does not reach the
    // gateway.
    if (process.env.npm_execpath === undefined && process.env.npm_lifecycle_event === undefined) return;
    const parent = process.ppid;
    const timer = setInterval(() => {
      if (process.ppid === parent) return;
      clearInterval(timer);
      handler();
    }, PARENT_CHECK);
    timer.unref();
  },
  watch: watchFiles,
  exit: (code) => process.exit(code),
  loadGateway: () => import('@sluice/server'),
  loadSupervisor: loadSupervisor,
  loadClient: () => import('@sluice/client'),
};

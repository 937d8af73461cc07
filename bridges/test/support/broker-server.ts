import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A port that was free just now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address.port;
}

/** How a server runs: as one process, whose death is the death of the broker. */
export interface ServerCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Who runs it, and owns its folder. Default: who runs the tests. */
  readonly user?: User | undefined;
  /** How often a start may fail, for servers whose killed predecessor takes a moment to end. Default: 0. */
  readonly failedStarts?: number;
  /** Runs once, before the first start. */
  readonly prepare?: () => Promise<void>;
  /** Resolves when it accepts work. Default: when its port accepts connections. */
  readonly ready?: () => Promise<void>;
  /** What ends with it, such as a helper process. */
  readonly remove?: () => void;
}

/** A user of this machine. */
export interface User {
  readonly uid: number;
  readonly gid: number;
}

/** Where a server runs. */
export interface Place {
  readonly port: number;
  /** An empty folder; it survives a restart. */
  readonly folder: string;
}

/**
 * Runs a server as long as the input of this shell is open, so that it never outlives the tests.
 * Prints the process id of the server first.
 */
const WATCHDOG = 'exec 3<&0; "$@" & pid=$!; echo "pid $pid"; { cat <&3; kill -9 $pid; } >/dev/null 2>&1 & wait $pid';

const servers = new Set<BrokerServer>();

/** Ends all servers of this process. Tests need not call it. */
export async function removeServers(): Promise<void> {
  await Promise.all([...servers].map((server) => server.remove()));
}

// Benchmarks and soaks start brokers, too, without a test runner.
if (process.env.VITEST !== undefined) (await import('vitest')).afterAll(removeServers);

/** A real broker for one test file, on a free port of this machine. */
export class BrokerServer {
  readonly port: number;
  readonly #folder: string;
  readonly #command: ServerCommand;
  #shell: ChildProcess | undefined;
  #pid: number | undefined;
  #output = '';

  private constructor({ port, folder }: Place, command: ServerCommand) {
    this.port = port;
    this.#folder = folder;
    this.#command = command;
  }

  /** Starts a server, and stops it at the end of the test file. */
  static async start(commandFor: (place: Place) => ServerCommand): Promise<BrokerServer> {
    const place = { port: await freePort(), folder: mkdtempSync(join(tmpdir(), 'sluice-broker-')) };
    const command = commandFor(place);
    const server = new BrokerServer(place, command);
    servers.add(server);
    const { user } = command;
    if (user !== undefined) chownSync(place.folder, user.uid, user.gid);
    await command.prepare?.();
    await server.restart();
    return server;
  }

  get isRunning(): boolean {
    return this.#shell !== undefined;
  }

  /** Sends a signal to the server, and waits until it has ended. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const shell = this.#shell;
    if (shell === undefined || this.#pid === undefined) return;
    const ended = once(shell, 'exit');
    process.kill(this.#pid, signal);
    await ended;
    this.#shell = undefined;
  }

  /** Starts it again, with the data that it has. */
  async restart(): Promise<void> {
    await this.stop();
    const { failedStarts = 0 } = this.#command;
    for (let failed = 0; failed < failedStarts; failed++) {
      try {
        return await this.#start();
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
    await this.#start();
  }

  async #start(): Promise<void> {
    const { command, args, env, user, ready = () => this.#accepts() } = this.#command;
    const shell = spawn('/bin/sh', ['-c', WATCHDOG, 'sh', command, ...args], {
      env: { ...process.env, ...env },
      cwd: this.#folder,
      stdio: ['pipe', 'pipe', 'pipe'],
      ...user,
    });
    this.#shell = shell;
    for (const stream of [shell.stdout, shell.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        this.#output = (this.#output + chunk.toString()).slice(-4_000);
      });
    }
    this.#output = '';
    const ended = once(shell, 'exit').then(() => {
      throw new Error(`${command} ended at its start:\n${this.#output}`);
    });
    await Promise.race([this.#begun().then(ready), ended]);
    ended.catch(() => {});
  }

  async #begun(): Promise<void> {
    while (!/pid \d+/.test(this.#output)) await turn();
    this.#pid = Number(/pid (\d+)/.exec(this.#output)?.[1]);
  }

  async #accepts(): Promise<void> {
    while (!(await isOpen(this.port))) await turn();
  }

  async remove(): Promise<void> {
    servers.delete(this);
    await this.stop('SIGKILL').catch(() => {});
    this.#command.remove?.();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 10));

const isOpen = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const end = (open: boolean) => {
      socket.destroy();
      resolve(open);
    };
    socket.once('connect', () => end(true)).once('error', () => end(false));
  });

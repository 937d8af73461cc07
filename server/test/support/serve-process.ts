import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Client, createClient } from '@sluice/client';
import WebSocket from 'ws';
import { expectFresh } from '../../../scripts/src/fresh-build.mjs';
import { readMetric } from '../../src/testing/metric.ts';
import { SECRET, tokenFor } from './tokens.ts';

const PROGRAM = fileURLToPath(new URL('../../../cli/bin/sluice.js', import.meta.url));
export const API_KEY = 'a-key-of-a-backend-that-only-tests-know';

/** A line of the log. */
export interface LogLine {
  readonly msg: string;
  readonly node?: string;
  readonly user?: string;
  readonly url?: string;
  readonly [field: string]: unknown;
}

/** `sluice serve` with several workers, in real processes. */
export class ServeProcess {
  readonly #folder = mkdtempSync(join(tmpdir(), 'sluice-machine-'));
  readonly #process: ChildProcess;
  readonly #file: string;
  readonly #defaults: Record<string, unknown>;
  readonly #waiting = new Set<() => void>();
  readonly #clients: Client[] = [];
  readonly lines: LogLine[] = [];
  #errors = '';
  #children: readonly number[] = [];
  /** The exit code, or the signal that killed it. */
  readonly ended: Promise<number | string>;

  constructor(config: Record<string, unknown>) {
    expectFresh(['protocol', 'client-sdk', 'server', 'cli']);
    const file = join(this.#folder, 'sluice.json');
    this.#file = file;
    this.#defaults = {
      host: '127.0.0.1',
      port: 0,
      node: 'm',
      workers: 2,
      drain: 30_000, // ends as soon as all connections are closed; a busy machine needs the time before a process is killed
      keys: [{ secret: SECRET }],
      apiKeys: [{ name: 'test', secret: API_KEY }],
      channels: {
        'chat:{room}': { allow: { '*': 'users' }, history: { count: 10_000, age: '1h' }, presence: { interval: 0 } },
      },
      log: { level: 'debug', format: 'json' },
    };
    this.configure(config);
    const { PATH = '' } = process.env;
    this.#process = spawn(process.execPath, [PROGRAM, 'serve', '--config', file], {
      cwd: this.#folder,
      env: { PATH, TMPDIR: this.#folder },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const { stdout, stderr } = this.#process;
    if (stdout === null || stderr === null) throw new Error('the process has no output pipes');
    createInterface(stdout).on('line', (text) => {
      this.lines.push(JSON.parse(text) as LogLine);
      this.#notify();
    });
    stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#errors += text;
    });
    this.ended = once(this.#process, 'close').then(([code, signal]) => (code ?? signal) as number | string);
    void this.ended.then(() => this.#notify());
  }

  /** Writes its configuration, which it reads at the start and when it is asked to reload. */
  configure(config: Record<string, unknown>): void {
    writeFileSync(this.#file, JSON.stringify({ ...this.#defaults, ...config }));
  }

  /** Its stderr output. */
  get errors(): string {
    return this.#errors;
  }

  /** The process id of the supervisor. */
  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** The folder of its temporary files. */
  get folder(): string {
    return this.#folder;
  }

  #notify(): void {
    this.#children = [...new Set([...this.#children, ...childrenOf(this.#process.pid)])];
    for (const check of this.#waiting) check();
  }

  /** Waits until the log has `count` matching lines, and returns the latest of them. */
  async logged(match: (line: LogLine) => boolean, { count = 1 }: { count?: number } = {}): Promise<LogLine> {
    return new Promise((resolve, reject) => {
      const check = (): void => {
        const found = this.lines.filter(match);
        const latest = found.at(-1);
        if (found.length < count || latest === undefined) {
          if (this.#process.exitCode === null) return;
          reject(new Error(`sluice serve ended with ${this.#process.exitCode}: ${this.#errors}`));
        } else resolve(latest);
        this.#waiting.delete(check);
      };
      this.#waiting.add(check);
      check();
    });
  }

  async start(): Promise<this> {
    await this.url();
    return this;
  }

  /** Waits until all workers have started. */
  async url(): Promise<string> {
    const { url = '' } = await this.logged(({ msg }) => msg === 'all workers started');
    return url.replace('localhost', '127.0.0.1');
  }

  async client(user: string, token?: string): Promise<Client> {
    const url = `${(await this.url()).replace('http', 'ws')}/ws`;
    const client = createClient({ url, token: () => token ?? tokenFor(user), WebSocket });
    this.#clients.push(client);
    return client;
  }

  /** A client on the given worker. The kernel chooses the worker, so this reconnects until it matches. */
  async clientOn(worker: string, user: string): Promise<Client> {
    for (;;) {
      const client = await this.client(user);
      if ((await this.workerOf(client, user)) === worker) return client;
      client.close();
    }
  }

  /** The worker of the user's latest connection. */
  async workerOf(client: Client, user: string): Promise<string | undefined> {
    const isIt = (line: LogLine): boolean => line.msg === 'connection authenticated' && line.user === user;
    const count = this.lines.filter(isIt).length + 1;
    await client.connect();
    return (await this.logged(isIt, { count })).node;
  }

  async request(path: string, body?: unknown): Promise<Response> {
    const headers = { Authorization: `Bearer ${API_KEY}`, Connection: 'close' };
    const post = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
    return fetch(`${await this.url()}${path}`, { headers, ...post });
  }

  /** A metric, summed over all workers. */
  async metric(name: string): Promise<number> {
    return readMetric(await (await this.request('/metrics')).text(), name);
  }

  /** The process of a worker, or of the engine. */
  pidOf(program: 'worker' | 'owner', { not = [] }: { not?: readonly number[] } = {}): number {
    const pid = childrenOf(this.#process.pid).find(
      (child) => !not.includes(child) && commandOf(child).includes(`${program}-main`),
    );
    if (pid === undefined) throw new Error(`no ${program} process is running`);
    return pid;
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** Stops it as an operator does. */
  async stop(): Promise<number | string> {
    for (const client of this.#clients) client.close();
    this.signal('SIGTERM');
    return this.ended;
  }

  /** Its running processes. */
  get left(): readonly number[] {
    return this.#children.filter((pid) => commandOf(pid).includes('-main'));
  }

  /** Kills all remaining processes, even if a test failed. */
  async end(): Promise<void> {
    for (const client of this.#clients) client.close();
    for (const pid of [...this.left, ...childrenOf(this.#process.pid)]) kill(pid);
    this.#process.kill('SIGKILL');
    await this.ended;
    for (const pid of this.left) kill(pid);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // the process has already ended
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

const childrenOf = (pid: number | undefined): number[] =>
  read(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number);

const commandOf = (pid: number): string => read(`/proc/${pid}/cmdline`);

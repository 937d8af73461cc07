import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { Redis } from 'ioredis';
import { afterAll, vi } from 'vitest';
import { ensureRedis } from '../../../scripts/find-redis.mjs';

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

/**
 * Runs a server as long as the input of this shell is open, so that it never outlives the tests.
 * Prints the process id of the server first.
 */
const WATCHDOG_SCRIPT =
  'exec 3<&0; "$@" & pid=$!; echo "pid $pid"; { cat <&3; kill -9 $pid; } >/dev/null 2>&1 & wait $pid';

const servers = new Set<RedisServer>();

// Registered here, because Vitest does not run hooks that are registered within a hook.
afterAll(async () => {
  await Promise.all([...servers].map((server) => server.remove()));
});

/** Settings of `redis.conf`, each with two dashes. They may depend on the port. */
type Settings = readonly string[] | ((port: number) => readonly string[]);

/** A Redis for one test file, on a free port, with a temporary data folder. */
export class RedisServer {
  readonly port: number;
  readonly #folder = mkdtempSync(join(tmpdir(), 'sluice-redis-'));
  readonly #settings: readonly string[];
  #shell: ChildProcessByStdio<Writable, Readable, null> | undefined;
  #pid: number | undefined;

  private constructor(port: number, settings: Settings) {
    this.port = port;
    this.#settings = typeof settings === 'function' ? settings(port) : settings;
  }

  /** Starts a server, and stops it at the end of the test file. */
  static async start(settings: Settings = []): Promise<RedisServer> {
    // Another program may have bound the port since.
    for (let attempt = 0; ; attempt++) {
      const server = new RedisServer(await freePort(), settings);
      servers.add(server);
      try {
        await server.run();
        return server;
      } catch (error) {
        await server.remove();
        if (attempt === 4) throw error;
      }
    }
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Runs it with the data of its last run. Resolves when it accepts connections. */
  async run(): Promise<void> {
    const where = ['--port', `${this.port}`, '--bind', '127.0.0.1', '--dir', this.#folder];
    const file = join(this.#folder, 'redis.conf');
    // Sentinels store their state in this file.
    writeFileSync(file, '', { flag: 'a' });
    // By default, a master waits five seconds for more replicas before it serves the first.
    const common = ['--save', '', '--daemonize', 'no', '--repl-diskless-sync-delay', '0'];
    const command = [ensureRedis(), file, ...where, ...common, ...this.#settings];
    const shell = spawn('sh', ['-c', WATCHDOG_SCRIPT, 'sh', ...command], { stdio: ['pipe', 'pipe', 'ignore'] });
    this.#shell = shell;
    this.#pid = undefined;
    let ready = false;
    for await (const line of createInterface({ input: shell.stdout })) {
      if (/^pid \d+$/.test(line)) this.#pid = Number(line.slice(4));
      if (/Ready to accept connections|\+monitor master/.test(line)) ready = true;
      // On a busy machine the server is ready before the shell has printed its process id. Without
      // the id, nothing can stop the server.
      if (!ready || this.#pid === undefined) continue;
      shell.stdout.resume();
      return;
    }
    throw new Error(`redis-server did not start on port ${this.port}`);
  }

  /** Ends it: `SIGKILL` simulates a crash, `SIGTERM` shuts it down. */
  async stop(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    const shell = this.#shell;
    if (shell === undefined) return;
    this.#shell = undefined;
    const exited = once(shell, 'exit');
    if (shell.exitCode === null) {
      this.#signal(signal);
      await exited;
    }
    shell.stdin.destroy();
  }

  #signal(signal: NodeJS.Signals): void {
    if (this.#pid === undefined) return;
    try {
      process.kill(this.#pid, signal);
    } catch {
      // the process has already ended
    }
  }

  /** Runs one command over a separate connection. */
  async command(name: string, ...values: readonly (string | number)[]): Promise<unknown> {
    const client = new Redis({ host: '127.0.0.1', port: this.port });
    try {
      return await client.call(name, ...values);
    } finally {
      client.disconnect();
    }
  }

  /** Stops reading and writing, with open connections. */
  freeze(): void {
    this.#signal('SIGSTOP');
  }

  thaw(): void {
    this.#signal('SIGCONT');
  }

  /** Deletes its data. It must be stopped. */
  wipe(): void {
    rmSync(this.#folder, { recursive: true, force: true });
    mkdirSync(this.#folder);
  }

  async remove(): Promise<void> {
    servers.delete(this);
    if (this.#shell !== undefined) this.thaw();
    await this.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** A Redis for the tests of a file. */
export const startRedis = (settings: Settings = []): Promise<RedisServer> => RedisServer.start(settings);

/** Starts a replica, and waits until it is in sync with its master. */
export async function startReplica(master: { readonly port: number }): Promise<RedisServer> {
  const replica = await startRedis(['--replicaof', `127.0.0.1 ${master.port}`]);
  const linked = async () => /master_link_status:up/.test(`${await replica.command('INFO', 'replication')}`);
  await vi.waitUntil(linked, { timeout: 60_000 });
  return replica;
}

/** Resolves when the replica is in sync with its master. */
export async function caughtUp(master: RedisServer, replica: RedisServer): Promise<void> {
  const offset = async (server: RedisServer) =>
    /master_repl_offset:(\d+)/.exec(`${await server.command('INFO', 'replication')}`)?.[1];
  await vi.waitUntil(async () => (await offset(master)) === (await offset(replica)), { timeout: 60_000 });
}

/**
 * A sentinel with a quorum of one and short timeouts. Its name for the master is `main`.
 *
 * It pings a server once a second: with a timeout below two seconds, it would consider live servers dead.
 */
export function startSentinel(
  master: { readonly port: number },
  settings: (port: number) => readonly string[] = () => [],
): Promise<RedisServer> {
  const watch = ['--sentinel', 'monitor', 'main', '127.0.0.1', `${master.port}`, '1'];
  const quick = ['--sentinel', 'down-after-milliseconds', 'main', '2000'];
  return startRedis((port) => [
    ...watch,
    ...quick,
    ...['--sentinel', 'failover-timeout', 'main', '2000'],
    ...settings(port),
  ]);
}

/** Timeout for a busy machine. */
const JOINED = { timeout: 60_000 };

async function startClusterNode(timeout: number): Promise<RedisServer> {
  const bus = await freePort();
  return startRedis(['--cluster-enabled', 'yes', '--cluster-port', `${bus}`, '--cluster-node-timeout', `${timeout}`]);
}

/**
 * A cluster of three masters for the tests of a file. A node that is silent for `timeout`
 * milliseconds counts as dead.
 */
export async function startCluster(timeout = 2_000): Promise<readonly RedisServer[]> {
  const nodes: RedisServer[] = [];
  for (let node = 0; node < 3; node++) {
    nodes.push(await startClusterNode(timeout));
  }
  const clients = nodes.map(({ port }) => new Redis({ host: '127.0.0.1', port }));
  try {
    await joinCluster(nodes, clients);
  } finally {
    for (const client of clients) client.disconnect();
  }
  return nodes;
}

/**
 * A replica of the master `of` in a cluster, which takes its place when it fails: all others know
 * it, and can vote for it.
 */
export async function startClusterReplica(
  nodes: readonly RedisServer[],
  of: RedisServer,
  timeout = 2_000,
): Promise<RedisServer> {
  const replica = await startClusterNode(timeout);
  const id = `${await of.command('CLUSTER', 'MYID')}`;
  const [, busPort = ''] = (await of.command('CONFIG', 'GET', 'cluster-port')) as string[];
  await replica.command('CLUSTER', 'MEET', '127.0.0.1', of.port, busPort);
  const map = async (node: RedisServer) => `${await node.command('CLUSTER', 'NODES')}`;
  await vi.waitUntil(async () => (await map(replica)).match(/\bmaster -/g)?.length === nodes.length + 1, JOINED);
  await replica.command('CLUSTER', 'REPLICATE', id);
  const linked = async () => /master_link_status:up/.test(`${await replica.command('INFO', 'replication')}`);
  await vi.waitUntil(linked, JOINED);
  const known = async () => (await Promise.all(nodes.map(map))).every((text) => text.includes(` slave ${id} `));
  await vi.waitUntil(known, JOINED);
  return replica;
}

async function joinCluster(nodes: readonly RedisServer[], clients: readonly Redis[]): Promise<void> {
  for (const [node, client] of clients.entries()) {
    const from = Math.ceil((16_384 / clients.length) * node);
    const to = Math.ceil((16_384 / clients.length) * (node + 1)) - 1;
    await client.call('CLUSTER', 'ADDSLOTSRANGE', from, to);
    await client.call('CLUSTER', 'SET-CONFIG-EPOCH', node + 1);
  }
  const bus = await clients[0]?.call('CONFIG', 'GET', 'cluster-port');
  const [, busPort = ''] = bus as string[];
  for (const client of clients.slice(1))
    await client.call('CLUSTER', 'MEET', '127.0.0.1', nodes[0]?.port ?? 0, busPort);
  const states = async () => Promise.all(clients.map((client) => client.call('CLUSTER', 'INFO')));
  const ready = (state: unknown) => /cluster_state:ok/.test(`${state}`) && /cluster_known_nodes:3/.test(`${state}`);
  await vi.waitUntil(async () => (await states()).every(ready), { timeout: 60_000 });
}

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll } from 'vitest';
import { ensureRedis } from '../../../scripts/find-redis.mjs';

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('a server without a port');
  return address.port;
}

// Whatever happens to the tests, no server outlives them.
const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** A Redis of the test's own, on a free port, with its data in a folder of its own. */
export class RedisServer {
  readonly port: number;
  readonly #folder = mkdtempSync(join(tmpdir(), 'sluice-redis-'));
  readonly #settings: readonly string[];
  #child: ChildProcess | undefined;

  private constructor(port: number, settings: readonly string[]) {
    this.port = port;
    this.#settings = settings;
  }

  /**
   * Starts one, and stops it at the end of the test file.
   *
   * @param settings of `redis.conf`, each with two dashes
   */
  static async start(settings: readonly string[] = []): Promise<RedisServer> {
    // Another program may have taken the port since.
    for (let attempt = 0; ; attempt++) {
      const server = new RedisServer(await freePort(), settings);
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

  /** Runs it, with the data of its last run. Resolves when it takes connections. */
  async run(): Promise<void> {
    const where = ['--port', `${this.port}`, '--bind', '127.0.0.1', '--dir', this.#folder];
    const child = spawn(ensureRedis(), [...where, '--save', '', '--daemonize', 'no', ...this.#settings], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    this.#child = child;
    running.add(child);
    child.once('exit', () => running.delete(child));
    for await (const line of createInterface({ input: child.stdout })) {
      if (!/Ready to accept connections/.test(line)) continue;
      child.stdout.resume();
      return;
    }
    throw new Error(`redis-server did not start on port ${this.port}`);
  }

  /** Ends it: `SIGKILL` as a crash does, `SIGTERM` in good order. */
  async stop(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await once(child, 'exit');
  }

  /** It hears nothing and says nothing, though its connections stand. */
  freeze(): void {
    this.#child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child?.kill('SIGCONT');
  }

  /** Loses all that it has stored. Only while it is stopped. */
  wipe(): void {
    rmSync(this.#folder, { recursive: true, force: true });
    mkdirSync(this.#folder);
  }

  async remove(): Promise<void> {
    this.thaw();
    await this.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** A Redis for the tests of a file. */
export async function startRedis(settings: readonly string[] = []): Promise<RedisServer> {
  const server = await RedisServer.start(settings);
  afterAll(() => server.remove());
  return server;
}

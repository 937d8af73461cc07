import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { RawSocket } from './support/raw-socket.ts';

const LIMIT = 200;
const SOCKETS = 400;

type Line = Record<string, unknown> & { msg: string };

const cache = fileURLToPath(new URL('../../node_modules/.cache/', import.meta.url));
let folder = '';

/** Bundles the gateway: Node cannot run its TypeScript, and the build may be older than the sources. */
beforeAll(async () => {
  mkdirSync(cache, { recursive: true });
  folder = mkdtempSync(join(cache, 'sluice-descriptors-'));
  const build = await rolldown({
    input: fileURLToPath(new URL('support/gateway-program.ts', import.meta.url)),
    platform: 'node',
    external: [/^(?!@sluice\/)[^./]/],
    resolve: {
      alias: Object.fromEntries(
        ['contracts', 'msgpack', 'index'].map((name) => [
          name === 'index' ? '@sluice/protocol' : `@sluice/protocol/${name}`,
          fileURLToPath(new URL(`../../protocol/src/${name}.ts`, import.meta.url)),
        ]),
      ),
    },
  });
  await build.write({ dir: folder, format: 'esm', entryFileNames: 'gateway.mjs' });
  await build.close();
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A gateway with a low limit of open files, and its log. */
class Limited {
  readonly child: ChildProcess;
  readonly lines: Line[] = [];
  #wake: () => void = () => {};

  constructor() {
    const command = `ulimit -n ${LIMIT}; exec "$0" "$1"`;
    const program = join(folder, 'gateway.mjs');
    this.child = spawn('/bin/sh', ['-c', command, process.execPath, program], { stdio: ['ignore', 'pipe', 'inherit'] });
    if (this.child.stdout === null) throw new Error('the process has no stdout pipe');
    createInterface({ input: this.child.stdout }).on('line', (line) => {
      this.lines.push(JSON.parse(line) as Line);
      this.#wake();
    });
    this.child.once('exit', () => this.#wake());
  }

  /** Resolves with the first log line that has this message. */
  async line(message: string): Promise<Line> {
    for (;;) {
      const found = this.lines.find(({ msg }) => msg.startsWith(message));
      if (found !== undefined) return found;
      if (this.child.exitCode !== null) throw new Error(`the gateway ended with ${this.child.exitCode}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  count(message: string): number {
    return this.lines.filter(({ msg }) => msg.startsWith(message)).length;
  }

  async port(): Promise<number> {
    return Number(new URL(String((await this.line('gateway started')).url)).port);
  }

  get open(): number {
    return readdirSync(`/proc/${this.child.pid}/fd`).length;
  }
}

const sockets: net.Socket[] = [];
let gateway: Limited;

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  if (gateway.child.kill()) await once(gateway.child, 'exit');
});

const connect = (port: number): net.Socket => {
  const socket = net.connect(port, '127.0.0.1');
  socket.on('error', () => {}); // "close" reports it too
  sockets.push(socket);
  return socket;
};

const health = async (port: number) => (await fetch(`http://127.0.0.1:${port}/health/live`)).status;

describe.runIf(process.platform === 'linux')('a gateway with a low limit of open files', () => {
  it('warns at the start, refuses WebSockets before the limit is reached, and answers all other requests', async () => {
    gateway = new Limited();
    const port = await gateway.port();
    expect(await gateway.line('few file descriptors')).toMatchObject({ limit: LIMIT, expected: 10_000 });

    const answers: string[] = [];
    for (let n = 0; n < SOCKETS; n++) {
      const raw = new RawSocket(port);
      sockets.push(raw.socket);
      raw.write(
        'GET /ws HTTP/1.1\r\nHost: g\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
      );
      const first = await Promise.race([
        once(raw.socket, 'data').then(([chunk]) => String(chunk).slice(9, 12)),
        once(raw.socket, 'close').then(() => 'closed'),
      ]);
      answers.push(first);
    }
    expect(new Set(answers)).toEqual(new Set(['101', '503']));
    expect(answers.filter((answer) => answer === '101').length).toBeGreaterThan(100);
    expect(gateway.open).toBeLessThan(LIMIT);
    expect(await health(port)).toBe(200);
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    expect(metrics).toContain(`sluice_file_descriptors_limit ${LIMIT}`);
    expect(gateway.count('out of file descriptors')).toBe(1);

    for (const socket of sockets.splice(0)) socket.destroy();
    await gateway.line('there are file descriptors again');
    const again = new RawSocket(port);
    sockets.push(again.socket);
    expect(await again.upgrade()).toContain('101');
    expect(gateway.count('there are file descriptors again')).toBe(1);
  });

  it('does not reach the limit because of silent connections', async () => {
    gateway = new Limited();
    const port = await gateway.port();
    let closed = 0;
    const sockets = Array.from({ length: SOCKETS }, () => connect(port));
    const enough = new Promise<void>((resolve) => {
      for (const socket of sockets) {
        socket.on('close', () => {
          closed++;
          if (closed === SOCKETS - LIMIT) resolve();
        });
      }
    });
    await enough;
    expect(gateway.open).toBeLessThan(LIMIT);
    await gateway.line('out of file descriptors');
    for (const socket of sockets) socket.destroy();
    await gateway.line('there are file descriptors again');
    expect(await health(port)).toBe(200);
  });
});

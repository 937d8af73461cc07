import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { startTestGateway, type TestGateway } from '@sluice/server/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expectFresh } from '../../../scripts/src/fresh-build.mjs';

const program = fileURLToPath(new URL('../consumer.js', import.meta.url));

/** The consumer in a separate process, and its output. */
class Consumer {
  readonly lines: string[] = [];
  /** Resolves with the exit code, or with the signal that killed the process. */
  readonly ended: Promise<number | string>;
  readonly #process: ChildProcess;
  #check = () => {};

  constructor(env: Record<string, string>) {
    this.#process = spawn(process.execPath, [program], { env: { ...process.env, ...env } });
    this.ended = once(this.#process, 'close').then(([code, signal]) => code ?? signal);
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      if (stream !== null) createInterface(stream).on('line', (line) => this.#addLine(line));
    }
  }

  #addLine(line: string): void {
    this.lines.push(line);
    this.#check();
  }

  /** Resolves with the first line that has this prefix. */
  printed(beginning: string): Promise<string> {
    return new Promise((resolve, reject) => {
      void this.ended.then(() => reject(new Error(`The consumer has ended:\n${this.lines.join('\n')}`)));
      this.#check = () => {
        const line = this.lines.find((candidate) => candidate.startsWith(beginning));
        if (line !== undefined) resolve(line);
      };
      this.#check();
    });
  }

  /** Sends a signal, and waits for the end of the process. */
  end(signal: NodeJS.Signals): Promise<number | string> {
    this.#process.kill(signal);
    return this.ended;
  }
}

describe('the consumer', () => {
  let gateway: TestGateway;
  let tokens: Server;
  let folder: string;
  const consumers: Consumer[] = [];

  const start = (options: Record<string, string> = {}): Consumer => {
    const { port } = tokens.address() as AddressInfo;
    const consumer = new Consumer({
      SLUICE_URL: gateway.url,
      TOKEN_URL: `http://127.0.0.1:${port}`,
      STATE_FILE: join(folder, 'state.json'),
      ...options,
    });
    consumers.push(consumer);
    return consumer;
  };
  const saved = async (): Promise<unknown> => JSON.parse(await readFile(join(folder, 'state.json'), 'utf8'));

  /** Publishes orders of 1, 2, 4, 8…: each sum shows which of them it contains, and how often. */
  const order = async (from: number, to: number): Promise<void> => {
    for (let n = from; n <= to; n++) await gateway.publish('orders:new', { amount: 2 ** (n - 1) });
  };

  beforeEach(async () => {
    expectFresh(['protocol', 'client-sdk']);
    gateway = await startTestGateway({
      channels: { 'orders:{state}': { allow: { subscribe: 'users' }, history: { count: 10 } } },
    });
    tokens = createServer(async (_, response) => {
      response.end(JSON.stringify({ token: await gateway.token('consumer') }));
    });
    await once(tokens.listen(0, '127.0.0.1'), 'listening');
    folder = await mkdtemp(join(tmpdir(), 'sluice-consumer-'));
  });
  afterEach(async () => {
    await Promise.all(consumers.splice(0).map((consumer) => consumer.end('SIGKILL')));
    tokens.close();
    await gateway.close();
    await rm(folder, { recursive: true });
  });

  it('counts every order once, although it is killed and started again', async () => {
    await order(1, 3);
    const first = start();
    await first.printed('3: ');
    await order(4, 5);
    await first.printed('5: ');
    expect(await first.end('SIGKILL')).toBe('SIGKILL');
    await order(6, 8);
    const second = start();
    await second.printed('8: ');
    await second.end('SIGKILL');
    const third = start();
    await gateway.connected('consumer', { timeout: 60_000 });
    await order(9, 9);
    expect(await third.printed('9: ')).toBe(`9: 256, ${2 ** 9 - 1} in all`);
    expect(await third.end('SIGTERM')).toBe(0);
    expect(await saved()).toEqual({ position: { epoch: expect.any(String), offset: 9 }, count: 9, total: 511 });
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('ends cleanly on %s, with everything saved', async (signal) => {
    await order(1, 2);
    const consumer = start();
    await consumer.printed('2: ');
    expect(await consumer.end(signal)).toBe(0);
    expect(await saved()).toMatchObject({ position: { offset: 2 }, count: 2, total: 3 });
  });

  it('reports messages that the log no longer has, and continues after them', async () => {
    await order(1, 1);
    const first = start();
    await first.printed('1: ');
    expect(await first.end('SIGTERM')).toBe(0);
    await order(2, 14);
    const second = start();
    await second.printed('14: ');
    expect(second.lines).toContain('Lost 3 orders after offset 1: retention');
    expect(await second.end('SIGTERM')).toBe(0);
    expect(await saved()).toMatchObject({ count: 11 });
  });

  it('reconnects after a lost connection', async () => {
    const consumer = start();
    await gateway.subscribed('consumer', 'orders:new', { timeout: 60_000 });
    await order(1, 1);
    gateway.faults.drop('consumer');
    await order(2, 3);
    expect(await consumer.printed('3: ')).toBe('3: 4, 7 in all');
  });

  it('reports the reason and exits with an error if it is refused', async () => {
    const consumer = start({ CHANNEL: 'secrets' });
    expect(await consumer.ended).toBe(1);
    expect(consumer.lines.join('\n')).toContain('secrets');
  });
});

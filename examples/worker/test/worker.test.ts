import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { startTestGateway, type TestGateway } from '@sluice/server/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expectFresh } from '../../../scripts/src/fresh-build.mjs';

const program = fileURLToPath(new URL('../worker.js', import.meta.url));

const API_KEY = 'a-key-that-only-this-test-knows';

/** A worker in a separate process, and its output. */
class Worker {
  readonly lines: string[] = [];
  /** Resolves with the exit code, or with the signal that killed the process. */
  readonly ended: Promise<number | string>;
  readonly #process: ChildProcess;

  constructor(env: Record<string, string>) {
    this.#process = spawn(process.execPath, [program], { env: { ...process.env, ...env } });
    this.ended = once(this.#process, 'close').then(([code, signal]) => code ?? signal);
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      if (stream !== null) createInterface(stream).on('line', (line) => this.lines.push(line));
    }
  }

  /** Waits for a line with this text. */
  async printed(text: string): Promise<void> {
    await expect.poll(() => this.lines.join('\n')).toContain(text);
  }

  /** Sends a signal, and waits for the end of the process. */
  end(signal: NodeJS.Signals): Promise<number | string> {
    this.#process.kill(signal);
    return this.ended;
  }
}

describe('the worker', () => {
  let gateway: TestGateway;
  let tokens: Server;
  const workers: Worker[] = [];

  const start = async (): Promise<Worker> => {
    const { port } = tokens.address() as AddressInfo;
    const worker = new Worker({ SLUICE_URL: gateway.url, TOKEN_URL: `http://127.0.0.1:${port}` });
    workers.push(worker);
    await worker.printed('ready');
    return worker;
  };

  const greetings = async () => {
    const response = await fetch(`${gateway.httpUrl}/api/v1/channels/results:greetings/messages`, {
      headers: { Authorization: `Bearer ${API_KEY}` },
    });
    const { messages } = (await response.json()) as { messages: { data: { greeting: string } }[] };
    return messages.map(({ data }) => data.greeting);
  };

  beforeEach(async () => {
    expectFresh(['protocol', 'client-sdk']);
    gateway = await startTestGateway({
      apiKeys: [{ name: 'reader', secret: API_KEY }],
      channels: {
        'jobs:{kind}': { allow: { publish: 'users', consume: 'users' }, queue: { maxDeliveries: 5 } },
        'results:{kind}': { allow: { publish: 'users', subscribe: 'users' }, history: true },
      },
    });
    tokens = createServer(async (_, response) => {
      response.end(JSON.stringify({ token: await gateway.token('worker') }));
    });
    await once(tokens.listen(0, '127.0.0.1'), 'listening');
  });

  afterEach(async () => {
    await Promise.all(workers.splice(0).map((worker) => worker.end('SIGKILL')));
    tokens.close();
    await gateway.close();
  });

  it('works on each job once, and ends at SIGTERM', async () => {
    const worker = await start();
    for (const name of ['Ada', 'Bob']) await gateway.publish('jobs:greetings', { name });
    await expect.poll(greetings).toEqual(['Hello, Ada', 'Hello, Bob']);
    expect(await worker.end('SIGTERM')).toBe(0);
  });

  it('puts a job aside that can never succeed', async () => {
    const worker = await start();
    await gateway.publish('jobs:greetings', { name: '' });
    await gateway.publish('jobs:greetings', { name: 'Cleo' });
    await worker.printed('it has no name');
    await expect.poll(greetings).toEqual(['Hello, Cleo']);
  });

  it('shares the jobs with others, which take over if it is killed', async () => {
    const first = await start();
    const second = await start();
    expect(await first.end('SIGKILL')).toBe('SIGKILL');
    for (let n = 0; n < 20; n++) await gateway.publish('jobs:greetings', { name: `user ${n}` });
    await gateway.clock.advance('1m');
    await expect.poll(async () => (await greetings()).length).toBe(20);
    await second.printed('greeted');
    expect(new Set(await greetings()).size).toBe(20);
  });
});

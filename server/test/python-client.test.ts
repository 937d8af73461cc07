import { type ChildProcessByStdio, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import { RealGateway } from './support/real-gateway.ts';
import { TcpProxy } from './support/tcp-proxy.ts';

const at = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** The client needs Python 3.9 or later. */
const PYTHON = ['python3', 'python'].find(
  (name) => spawnSync(name, ['-c', 'import sys; sys.exit(sys.version_info < (3, 9))']).status === 0,
);
const why = PYTHON === undefined ? ' (skipped: there is no Python 3.9 or later on this machine)' : '';

interface Report {
  readonly event: string;
  readonly [field: string]: unknown;
}

/** The Python client in a separate process, and its reports. */
class PythonClient {
  readonly reports: Report[] = [];
  readonly #process: ChildProcessByStdio<Writable, Readable, Readable>;
  #errors = '';
  #look = () => {};

  constructor(url: string, tokens: string, expires = 3600) {
    this.#process = spawn(PYTHON ?? '', [at('examples/python-client/test/driver.py'), url, tokens, `${expires}`]);
    createInterface(this.#process.stdout).on('line', (line) => {
      this.reports.push(JSON.parse(line) as Report);
      this.#look();
    });
    this.#process.stderr.on('data', (text) => {
      this.#errors += text;
    });
    this.#process.on('close', () => this.#look());
  }

  do(action: string, fields: object): void {
    this.#process.stdin.write(`${JSON.stringify({ do: action, ...fields })}\n`);
  }

  /** Resolves with the reports when they fulfil a condition. */
  until(condition: (reports: readonly Report[]) => boolean): Promise<readonly Report[]> {
    return new Promise((resolve, reject) => {
      this.#look = () => {
        if (condition(this.reports)) resolve(this.reports);
        else if (this.#process.exitCode !== null) reject(new Error(`the client ended: ${this.#errors}`));
      };
      this.#look();
    });
  }

  /** Resolves with the first matching report. */
  async report(expected: Report): Promise<Report> {
    const matches = (report: Report) => Object.entries(expected).every(([name, value]) => report[name] === value);
    return (await this.until((reports) => reports.some(matches))).find(matches) as Report;
  }

  offsets(channel: string): unknown[] {
    return this.reports.filter((one) => one.event === 'message' && one.channel === channel).map(({ offset }) => offset);
  }

  /** Requests the state of a subscription. */
  async state(channel: string): Promise<Report> {
    const before = this.reports.length;
    this.do('state', { channel });
    const reports = await this.until((all) => all.slice(before).some(({ event }) => event === 'state'));
    return reports.slice(before).find(({ event }) => event === 'state') as Report;
  }

  async end(): Promise<void> {
    const closed = this.#process.exitCode === null ? once(this.#process, 'close') : undefined;
    this.#process.kill();
    await closed;
  }
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, at) => from + at);

describe.skipIf(PYTHON === undefined)(`the Python client${why}`, () => {
  const ends: (() => Promise<unknown> | unknown)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).toReversed()) await end();
  });

  async function start(expires?: number) {
    const gateway = await new RealGateway({
      dev: true,
      keys: [],
      channels: {
        'chat:{room}': { allow: { '*': 'users' }, history: { count: 1000, age: '1h' } },
        'short:{name}': { allow: { '*': 'users' }, history: { count: 3, age: '1h' } },
      },
    }).start();
    ends.push(() => gateway.stop());
    const proxy = await TcpProxy.start(gateway.port);
    ends.push(() => proxy.close());
    const client = new PythonClient(`ws://127.0.0.1:${proxy.port}/ws`, `http://127.0.0.1:${gateway.port}`, expires);
    ends.push(() => client.end());
    const publish = async (channel: string, count: number) => {
      for (let n = 0; n < count; n++) await gateway.gateway.publish(channel, n);
    };
    return { gateway, proxy, client, publish };
  }

  it('follows the cursor rules of the vectors', () => {
    const output = execFileSync(PYTHON ?? '', [
      at('examples/python-client/test/cursor_rules.py'),
      at('protocol/vectors/cursor-rules.json'),
    ]);
    expect(output.toString()).toContain('ok ');
  });

  it('rewinds, publishes, and neither loses nor repeats a message when its connection is cut', async () => {
    const { proxy, client, publish } = await start();
    await publish('chat:lobby', 5);
    client.do('subscribe', { channel: 'chat:lobby', rewind: 2 });
    await client.report({ event: 'message', offset: 5 });
    client.do('publish', { channel: 'chat:lobby', data: { text: 'hello' }, key: 'first' });
    await client.report({ event: 'published', key: 'first', offset: 6 });
    proxy.cut();
    await client.report({ event: 'error' });
    await publish('chat:lobby', 20);
    client.do('publish', { channel: 'chat:lobby', data: 'said while it was cut', key: 'second' });
    proxy.restore();
    await client.report({ event: 'published', key: 'second', offset: 27 });
    await client.report({ event: 'message', offset: 27 });
    expect(client.offsets('chat:lobby')).toEqual(range(4, 27));
    expect(await client.state('chat:lobby')).toMatchObject({ state: 'live', position: { offset: 27 } });
  });

  it('publishes once although the reply was lost', async () => {
    const { gateway, proxy, client } = await start();
    client.do('subscribe', { channel: 'chat:lobby' });
    client.do('publish', { channel: 'chat:lobby', data: 0, key: 'before' });
    await client.report({ event: 'message', offset: 1 });
    proxy.stallAnswers();
    const published = new Promise((resolve) => gateway.services.events.on('published', resolve));
    client.do('publish', { channel: 'chat:lobby', data: 1, key: 'lost' });
    await published;
    proxy.drop();
    await client.report({ event: 'published', key: 'lost', offset: 2 });
    client.do('publish', { channel: 'chat:lobby', data: 2, key: 'after' });
    await client.report({ event: 'message', offset: 3 });
    expect(client.offsets('chat:lobby')).toEqual([1, 2, 3]);
  });

  it('reports a gap when the log no longer reaches back', async () => {
    const { proxy, client, publish } = await start();
    client.do('subscribe', { channel: 'short:a', rewind: 1 });
    await publish('short:a', 1);
    await client.report({ event: 'message', offset: 1 });
    proxy.cut();
    await client.report({ event: 'error' });
    await publish('short:a', 10);
    proxy.restore();
    await client.report({ event: 'message', offset: 11 });
    expect(client.reports.filter(({ event }) => event === 'gap')).toEqual([
      { event: 'gap', channel: 'short:a', reason: 'retention', to: 8 },
    ]);
    expect(client.offsets('short:a')).toEqual([1, 9, 10, 11]);
  });

  it('refreshes its token on the same connection', async () => {
    const { gateway, client } = await start(5);
    client.do('subscribe', { channel: 'chat:lobby' });
    await client.report({ event: 'token', count: 2 });
    await expect.poll(async () => (await client.state('chat:lobby')).refreshed).toBe(1);
    expect(client.reports.filter(({ event }) => event === 'error')).toEqual([]);
    await gateway.gateway.publish('chat:lobby', 1);
    await client.report({ event: 'message', offset: 1 });
  });

  it('ignores unknown pushes and fields, and applies pushes with holes', async () => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => 'sluice.v1.json' });
    ends.push(() => server.close());
    await once(server, 'listening');
    const message = (offset: number) => ({ id: `m${offset}`, offset, time: 0, data: null, later: true, op: 'replace' });
    const about = { channel: 'chat:lobby', sub: 1 };
    server.on('connection', (socket) => {
      const send = (value: unknown) => socket.send(JSON.stringify(value));
      socket.on('message', (frame) => {
        const commands = [JSON.parse(frame.toString())].flat() as { id: number; type: string }[];
        for (const { id, type } of commands) {
          if (type === 'connect') {
            const result = { connection: 'c', user: 'ada', time: 0, heartbeat: 25_000, maxFrame: 131_072, later: [1] };
            send([
              { type: 'later', anything: {} },
              { type: 'reply', id, result },
            ]);
          } else if (type === 'subscribe') {
            send([
              { type: 'reply', id, result: { epoch: 'e', offset: 0, state: 'live' } },
              { type: 'later', ...about },
              { type: 'messages', ...about, epoch: 'e', after: 0, messages: [message(2), message(5)] },
              { type: 'progress', ...about, epoch: 'e', after: 5, offset: 9 },
              { type: 'messages', ...about, epoch: 'e', after: 7, messages: [message(9), message(12)] },
              { type: 'messages', ...about, epoch: 'e', messages: [message(13)] },
            ]);
          }
        }
      });
    });
    const { port } = server.address() as { port: number };
    const client = new PythonClient(`ws://127.0.0.1:${port}/ws`, '-');
    ends.push(() => client.end());
    client.do('subscribe', { channel: 'chat:lobby', sub: 1 });
    await client.report({ event: 'message', offset: 13 });
    expect(client.offsets('chat:lobby')).toEqual([2, 5, 12, 13]);
    expect(client.reports.filter(({ event }) => event === 'error')).toEqual([]);
  });
});

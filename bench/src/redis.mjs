/** Two gateways on one Redis: the cost of a publish, the latency to the other gateway's subscriber, and Redis alone. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createClient } from '@sluice/client';
import { createGateway } from '@sluice/server';
import WebSocket from 'ws';
import { ensureRedis } from '../../scripts/find-redis.mjs';

const CHANNEL = 'bench:1';

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** A Redis without persistence, for the duration of the work, which gets its port and process. */
export async function withRedis(work) {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  const port = await freePort();
  const options = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no'];
  const child = spawn(ensureRedis(), options, { stdio: ['ignore', 'pipe', 'ignore'] });
  const stop = () => child.kill('SIGKILL');
  process.once('exit', stop);
  try {
    for await (const line of child.stdout) if (/Ready to accept connections/.test(`${line}`)) break;
    return await work(port, child);
  } finally {
    process.off('exit', stop);
    stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function startGateway(port) {
  const gateway = createGateway({
    host: '127.0.0.1',
    port: 0,
    drain: 0,
    anonymous: true,
    engine: 'redis',
    redis: { url: `redis://127.0.0.1:${port}` },
    log: { level: 'warn' },
    channels: { 'bench:{n}': { allow: { '*': 'anyone' }, history: { count: 10_000, age: '1h' } } },
  });
  return gateway.start().then(({ url }) => ({ gateway, url }));
}

const percentile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];

/** Publishes at one gateway, and times until the other's subscriber has the message. */
async function publishAcross(port, { concurrency, seconds }) {
  const [here, there] = [await startGateway(port), await startGateway(port)];
  const client = createClient({ url: `${there.url.replace('http', 'ws')}/ws`, WebSocket });
  const latencies = [];
  let received = 0;
  try {
    const onMessage = ({ data }) => {
      received++;
      latencies.push(performance.now() - data.at);
    };
    await client.channel(CHANNEL).subscribe(onMessage).ready;
    let published = 0;
    const start = performance.now();
    const end = start + seconds * 1000;
    const worker = async () => {
      while (performance.now() < end) {
        await here.gateway.publish(
          CHANNEL,
          { at: performance.now(), text: 'x'.repeat(100) },
          { key: `${++published}` },
        );
      }
    };
    await Promise.all(Array.from({ length: concurrency }, worker));
    const perSecond = (published / (performance.now() - start)) * 1000;
    while (received < published) await new Promise((resolve) => setTimeout(resolve, 10));
    latencies.sort((a, b) => a - b);
    return { perSecond, p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99) };
  } finally {
    client.close();
    await Promise.all([here, there].map(({ gateway }) => gateway.close()));
  }
}

/** The result of `redis-benchmark` for one command, with the given pipeline. */
export function raw(port, pipeline, command) {
  const tool = join(dirname(ensureRedis()), 'redis-benchmark');
  const args = ['-p', `${port}`, '-n', '100000', '-c', '1', '-P', `${pipeline}`, '--csv', ...command];
  const { stdout } = spawnSync(tool, args, { encoding: 'utf8' });
  // The first field is the command itself, with whatever commas it has.
  const fields = (stdout ?? '').trim().split('\n').at(-1)?.replaceAll('"', '').split(',').map(Number) ?? [];
  return { perSecond: fields.at(-7), p50: fields.at(-4), p99: fields.at(-2) };
}

const VALUE = 'x'.repeat(130);

/** By name and number in flight. */
export const REDIS = {
  'publish at one gateway, heard at the other': (port, options) => publishAcross(port, options),
  'redis-benchmark: SET': (port, { concurrency }) => raw(port, concurrency, ['SET', 'bench', VALUE]),
  'redis-benchmark: XADD': (port, { concurrency }) =>
    raw(port, concurrency, ['XADD', 'log', 'MAXLEN', '10000', '*', 'm', VALUE]),
  'redis-benchmark: EVAL of a SET': (port, { concurrency }) =>
    raw(port, concurrency, ['EVAL', "return redis.call('SET', KEYS[1], ARGV[1])", '1', 'bench', VALUE]),
};

/** Each on a fresh Redis. @param {string} name @param {{ concurrency: number, seconds: number }} options */
export function measureRedis(name, options) {
  return withRedis((port) => REDIS[name](port, options));
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Events } from '../src/events.ts';
import { exchange, request, statuses } from './support/raw-http.ts';
import { type RealGateway, RealGateway as Unstarted } from './support/real-gateway.ts';

const KEY = 'an-API-key-that-only-tests-know';
const MESSAGE = JSON.stringify({ channel: 'chat:a', data: 1 });
const AUTHORIZED = { Authorization: `Bearer ${KEY}` };
const LENGTH = { 'Content-Length': String(MESSAGE.length) };

let folder: string;
let gateway: RealGateway;
let port: number;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-port-'));
  writeFileSync(join(folder, 'large.js'), Buffer.alloc(3_000_000, 'x'));
  gateway = new Unstarted({ httpPort: 0, static: folder, apiKeys: [{ name: 'backend', secret: KEY }] });
  const address = await gateway.gateway.start();
  port = address.httpPort ?? 0;
});

afterAll(async () => {
  await gateway.stop();
  rmSync(folder, { recursive: true });
});

const published = async () => (await gateway.services.log.read('chat:a', 0, 1_000)).messages.length;
const old = (sent: string) => sent.replace('HTTP/1.1', 'HTTP/1.0');

describe('the separate HTTP port', () => {
  it.each<[string, string, number]>([
    ['health', old(request('GET /health/live')), 200],
    ['health, without a host', 'GET /health/live HTTP/1.0\r\n\r\n', 200],
    ['HEAD', old(request('HEAD /health/ready')), 200],
    ['metrics', old(request('GET /metrics')), 200],
    ['a publish', old(request('POST /api/v1/publish', { ...AUTHORIZED, ...LENGTH }, MESSAGE)), 200],
    ['no credentials', old(request('POST /api/v1/publish', LENGTH, MESSAGE)), 401],
    ['an unknown path', old(request('GET /nowhere')), 404],
    ['a wrong method', old(request('OPTIONS /health/live')), 405],
  ])('answers HTTP/1.0 and closes the connection: %s', async (_, sent, status) => {
    const { text, ended } = await exchange(port, sent);
    expect([statuses(text), ended]).toEqual([[status], true]);
  });

  it.each([
    ['http://gateway.test/health/live', 200],
    ['HTTP://gateway.test:8080/health/live?a=b', 200],
    ['http://gateway.test', 404],
    ['*', 404],
  ])('answers the request target %s', async (target, status) => {
    const { text } = await exchange(port, request(`GET ${target}`, { Connection: 'close' }));
    expect(statuses(text)).toEqual([status]);
  });

  it('keeps idle connections longer than load balancers do, and reports the timeout', async () => {
    const { text } = await exchange(port, request('GET /health/live'), { until: (all) => all.endsWith('}') });
    expect(text).toMatch(/^keep-alive: timeout=75\r$/im);
  });

  it.each([
    [
      'a head that is too large',
      request('GET /health/live', { Cookie: 'c'.repeat(21_000) }),
      431,
      /larger than 20,480 bytes/,
    ],
    ['invalid HTTP', 'hello\r\n\r\n', 400, /not valid HTTP/],
    [
      'a chunk without a length',
      `${request('POST /api/v1/publish', { ...AUTHORIZED, 'Transfer-Encoding': 'chunked' })}x\r\n`,
      400,
      /not valid HTTP/,
    ],
    [
      'a last chunk that ends with LF alone',
      request('POST /api/v1/publish', { ...AUTHORIZED, 'Transfer-Encoding': 'chunked' }, '0\n\n'),
      400,
      /not valid HTTP/,
    ],
  ])('refuses %s, and reports it', async (_, sent, status, detail) => {
    const rejected: Events['rejected'][] = [];
    gateway.services.events.on('rejected', (event) => rejected.push(event));
    const { text, ended } = await exchange(port, sent);
    expect([text, ended]).toEqual([
      expect.stringMatching(new RegExp(`^HTTP/1.1 ${status} .*\r\nConnection: close\r\n\r\n$`)),
      true,
    ]);
    expect(rejected).toEqual([
      { what: 'request', address: '127.0.0.1', error: 'frame_malformed', detail: expect.stringMatching(detail) },
    ]);
  });

  it('serves several requests on one connection', async () => {
    const publish = request('POST /api/v1/publish', { ...AUTHORIZED, ...LENGTH }, MESSAGE);
    const socket = net.connect(port, '127.0.0.1');
    let answers = 0;
    await new Promise<void>((resolve) => {
      socket.on('data', (chunk) => {
        if (!chunk.toString().includes('"offset"')) return;
        if (++answers === 5) resolve();
        else socket.write(publish);
      });
      socket.write(publish);
    });
    socket.destroy();
  });

  it('closes a connection with pipelined requests', async () => {
    const publish = request('POST /api/v1/publish', { ...AUTHORIZED, ...LENGTH }, MESSAGE);
    const before = await published();
    const { text, ended } = await exchange(port, publish.repeat(50));
    expect(ended).toBe(true);
    expect(statuses(text).length).toBeLessThanOrEqual(1);
    expect((await published()) - before).toBeLessThanOrEqual(1);
  });

  it.each<[string, string, number]>([
    ['no credentials', request('POST /api/v1/publish', { 'Content-Length': '900000' }), 401],
    ['an unknown path', request('POST /nowhere', { 'Content-Length': '900000' }), 404],
    ['too large', request('POST /api/v1/publish', { ...AUTHORIZED, 'Content-Length': '1048577' }), 413],
    ['an unauthorized chunked body', request('POST /api/v1/publish', { 'Transfer-Encoding': 'chunked' }), 401],
    ['two hosts', request('GET /health/live').replace('\r\n\r\n', '\r\nHost: other\r\n\r\n'), 400],
    [
      'two credentials',
      request('GET /health/live').replace('\r\n\r\n', '\r\nAuthorization: a\r\nAuthorization: b\r\n\r\n'),
      400,
    ],
    [
      'tiny chunks',
      request('POST /api/v1/publish', { ...AUTHORIZED, 'Transfer-Encoding': 'chunked' }, '1\r\nx\r\n'.repeat(5_000)),
      400,
    ],
  ])('answers after the head and closes the connection: %s', async (_, sent, status) => {
    const { text, ended } = await exchange(port, sent);
    expect([statuses(text), ended]).toEqual([[status], true]);
  });

  it('sends "100 Continue" only if it wants the body', async () => {
    const expecting = { ...LENGTH, Expect: '100-continue' };
    const refused = await exchange(port, request('POST /api/v1/publish', expecting));
    expect(refused.text).toMatch(/^HTTP\/1\.1 401 /);
    const socket = net.connect(port, '127.0.0.1');
    const text = await new Promise<string>((resolve) => {
      let all = '';
      socket.on('data', (chunk) => {
        all += chunk.toString();
        if (all === 'HTTP/1.1 100 Continue\r\n\r\n') socket.write(MESSAGE);
        if (all.includes('"offset"')) resolve(all);
      });
      socket.write(request('POST /api/v1/publish', { ...AUTHORIZED, ...expecting }));
    });
    expect(statuses(text)).toEqual([200]);
    socket.destroy();
  });

  it('does not accept WebSockets', async () => {
    expect((await fetch(`http://127.0.0.1:${port}/ws`)).status).toBe(404);
  });

  it('serves files, and answers conditional requests', async () => {
    const response = await fetch(`http://127.0.0.1:${port}/large.js`);
    expect((await response.arrayBuffer()).byteLength).toBe(3_000_000);
    const headers = { 'If-None-Match': response.headers.get('etag') ?? '' };
    expect((await fetch(`http://127.0.0.1:${port}/large.js`, { headers })).status).toBe(304);
  });

  it('is named in the error if it is in use', async () => {
    const other = new Unstarted({ httpPort: port });
    await expect(other.gateway.start()).rejects.toThrow(/"httpPort"/);
  });

  it.runIf(process.platform === 'linux')('is in use by a process that the error names', async () => {
    const listen =
      "require('net').createServer().listen(0, '127.0.0.1', function () { console.log(this.address().port) })";
    const child = spawn(process.execPath, ['-e', listen], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      const [chunk] = (await once(child.stdout, 'data')) as [Buffer];
      const other = new Unstarted({ httpPort: Number(chunk) });
      const remedy = `stop it with "kill ${child.pid}", or choose another "httpPort"`;
      await expect(other.gateway.start()).rejects.toThrow(remedy);
    } finally {
      child.kill();
    }
  });
});

describe('a gateway that stops', () => {
  it('closes both ports', async () => {
    const one = new Unstarted({ httpPort: 0 });
    const { httpPort = 0 } = await one.gateway.start();
    expect((await fetch(`http://127.0.0.1:${httpPort}/health/ready`)).status).toBe(200);
    await one.stop();
    await expect(fetch(`http://127.0.0.1:${httpPort}/health/ready`)).rejects.toThrow();
  });
});

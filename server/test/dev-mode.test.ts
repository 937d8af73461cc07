import { request } from 'node:http';
import { networkInterfaces } from 'node:os';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { type RealGateway, startGateway } from './support/real-gateway.ts';

let gateway: RealGateway;

beforeAll(async () => {
  gateway = await startGateway({ dev: true, keys: [], host: '127.0.0.1' });
});

afterAll(() => gateway.stop());

interface Asked {
  readonly status: number;
  readonly headers: string;
  readonly body: string;
}

/** Sends one request with exactly these headers: `fetch` does not allow setting `Host`. */
function ask(to: RealGateway, line: string, headers: Record<string, string>, body = ''): Promise<Asked> {
  const [method, path] = line.split(' ');
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port: to.port, method, path, headers, agent: false }, (response) => {
      const { statusCode = 0, rawHeaders } = response;
      text(response).then(
        (answered) => resolve({ status: statusCode, headers: pairs(rawHeaders), body: answered }),
        reject,
      );
    });
    sent.once('error', reject);
    sent.once('upgrade', (response, socket) => {
      socket.destroy();
      resolve({ status: response.statusCode ?? 0, headers: pairs(response.rawHeaders), body: '' });
    });
    sent.end(body);
  });
}

const pairs = (raw: readonly string[]): string =>
  raw.flatMap((name, at) => (at % 2 === 0 ? [`${name}: ${raw[at + 1]}`] : [])).join('\n');

const here = () => `localhost:${gateway.port}`;
const token = (headers: Record<string, string>, to = gateway) => ask(to, 'GET /dev/token?sub=ada', headers);
const upgrade = (headers: Record<string, string>, to = gateway) =>
  ask(to, 'GET /ws', {
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    ...headers,
  });

const ELSEWHERE = [
  'https://evil.example',
  'http://203.0.113.9',
  'http://192.168.0.17',
  'http://3405803785',
  'http://localhost.evil.example',
  'http://localhost@evil.example',
  'http://evil.example.',
  'null',
];

describe('a page of another host', () => {
  it.each(ELSEWHERE)('%s receives neither a token nor the API key', async (origin) => {
    const answer = await token({ Host: here(), Origin: origin });
    expect(answer.status).toBe(403);
    expect(answer.headers).not.toMatch(/access-control/i);
    expect(answer.body).not.toMatch(/"token"|apiKey/);
    expect(JSON.parse(answer.body)).toMatchObject({ error: { name: 'origin_refused' } });
  });

  it.each(ELSEWHERE)('%s cannot read the HTTP API', async (origin) => {
    for (const line of ['GET /health/live', 'GET /metrics', 'OPTIONS /api/v1/publish', 'GET /api/v1/revocations']) {
      expect((await ask(gateway, line, { Host: here(), Origin: origin })).headers, line).not.toMatch(/access-control/i);
    }
  });
});

describe('a page whose host name resolves to this machine', () => {
  const HOSTS = ['evil.example', 'localhost.evil.example', 'evil.example.', '0.0.0.0', '203.0.113.9'];

  it.each(HOSTS)('is refused as %s on the whole port', async (name) => {
    const headers = { Host: `${name}:${gateway.port}`, Origin: `http://${name}:${gateway.port}` };
    for (const line of ['GET /dev/token?sub=ada', 'GET /', 'GET /metrics', 'GET /health/live', 'POST /api/v1/drain']) {
      for (const sent of [headers, { Host: headers.Host }]) {
        const answer = await ask(gateway, line, sent);
        expect(answer.status, line).toBe(403);
        expect(JSON.parse(answer.body), line).toMatchObject({
          error: { name: 'host_refused', message: expect.stringContaining('--allowed-hosts') },
        });
      }
    }
  });

  it('cannot publish, even with the API key of the run', async () => {
    const { apiKey } = JSON.parse((await token({ Host: here() })).body) as { apiKey: string };
    const body = JSON.stringify({ channel: 'chat:a', data: 1 });
    const headers = { Authorization: `Bearer ${apiKey}` };
    expect((await ask(gateway, 'POST /api/v1/publish', { ...headers, Host: 'evil.example' }, body)).status).toBe(403);
    expect((await ask(gateway, 'POST /api/v1/publish', { ...headers, Host: here() }, body)).status).toBe(200);
  });

  it.each(HOSTS)('cannot open a WebSocket as %s', async (name) => {
    const host = `${name}:${gateway.port}`;
    expect((await upgrade({ Host: host, Origin: `http://${host}` })).status).toBe(403);
    expect((await upgrade({ Host: host })).status).toBe(403);
  });
});

describe('a page of this machine', () => {
  it.each(['http://localhost:5173', 'http://app.localhost:3000', 'http://127.0.0.2', 'http://[::1]:5173'])(
    '%s receives tokens and error messages',
    async (origin) => {
      const answer = await token({ Host: here(), Origin: origin });
      expect(answer.status).toBe(200);
      expect(answer.headers).toContain(`Access-Control-Allow-Origin: ${origin}`);
      const wrong = await ask(gateway, 'GET /dev/token', { Host: here(), Origin: origin });
      expect(wrong.status).toBe(400);
      expect(wrong.headers).toContain(`Access-Control-Allow-Origin: ${origin}`);
      expect((await upgrade({ Host: here(), Origin: origin })).status).toBe(101);
    },
  );

  it('may reach the gateway under an allowed host name', async () => {
    const named = await startGateway({ dev: true, keys: [], allowedHosts: 'app.test' });
    try {
      const headers = { Host: 'app.test', Origin: 'https://app.test' };
      expect((await token(headers, named)).status).toBe(200);
      expect((await upgrade(headers, named)).status).toBe(101);
      expect((await token({ ...headers, Origin: 'https://other.test' }, named)).status).toBe(403);
      expect((await token({ Host: 'other.test' }, named)).status).toBe(403);
    } finally {
      await named.stop();
    }
  });
});

describe('outside of development', () => {
  it('the gateway answers under every host name, as proxies and clusters require', async () => {
    const production = await startGateway();
    try {
      for (const host of ['gateway.internal', '10.0.0.7:8080', 'evil.example']) {
        expect((await ask(production, 'GET /health/live', { Host: host })).status).toBe(200);
      }
    } finally {
      await production.stop();
    }
  });
});

const lan = Object.values(networkInterfaces())
  .flatMap((list = []) => list)
  .find(({ internal, family }) => !internal && family === 'IPv4')?.address;

describe.skipIf(lan === undefined)('bound to all addresses, this machine', () => {
  it('is reachable by its own address from its own pages on any port, and by no other name', async () => {
    const open = await startGateway({ dev: true, keys: [], host: '0.0.0.0' });
    try {
      const headers = { Host: `${lan}:${open.port}` };
      expect((await token({ ...headers, Origin: `http://${lan}:5173` }, open)).status).toBe(200);
      expect((await upgrade({ ...headers, Origin: `http://${lan}:5173` }, open)).status).toBe(101);
      expect((await token({ ...headers, Origin: 'http://203.0.113.9:5173' }, open)).status).toBe(403);
      expect((await token({ Host: '203.0.113.9' }, open)).status).toBe(403);
      const socket = new WebSocket(`ws://${lan}:${open.port}/ws`, { origin: `http://${lan}:5173` });
      await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
      socket.terminate();
    } finally {
      await open.stop();
    }
  });
});

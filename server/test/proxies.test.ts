import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { findProgram, howToGet, PROXIES } from '../../scripts/find-program.mjs';
import { freePort, type ProxyName, ProxyProgram, QUIET } from './support/proxy-program.ts';
import { type RealGateway, startGateway } from './support/real-gateway.ts';
import { tokenFor } from './support/tokens.ts';

const API_KEY = 'k'.repeat(32);

/**
 * The program, or why its tests are skipped. CI requires the program.
 * `npm test` installs it.
 */
function pathOf(name: ProxyName): string | undefined {
  const path = findProgram(PROXIES[name]);
  if (path !== undefined) return path;
  if (process.env.CI === 'true') throw new Error(howToGet(PROXIES[name]));
  process.stderr.write(`Skipped: ${howToGet(PROXIES[name])}\n`);
  return undefined;
}

const programs = (Object.keys(PROXIES) as ProxyName[]).map((name) => ({ name, path: pathOf(name) }));

describe.each(programs)('$name with its configuration from deploy/', ({ name, path = '' }) => {
  describe.skipIf(path === '')('in front of a gateway and a node that is down', () => {
    let gateway: RealGateway;
    let proxy: ProxyProgram;
    const sockets: WebSocket[] = [];

    beforeAll(async () => {
      gateway = await startGateway({
        trustProxy: true,
        heartbeat: '4s',
        apiKeys: [{ name: 'backend', secret: API_KEY }],
      });
      proxy = await ProxyProgram.start(name, path, { upstreams: [gateway.port, await freePort()] });
    });

    afterEach(() => {
      for (const socket of sockets.splice(0)) socket.terminate();
    });

    afterAll(async () => {
      await proxy.stop();
      await gateway.stop();
    });

    const address = () => `127.0.0.1:${proxy.port}`;

    /** A page that the proxy serves on its own port. */
    async function open(headers: Record<string, string> = {}): Promise<WebSocket> {
      const own = { origin: `http://${address()}`, ...headers };
      const socket = new WebSocket(`ws://${address()}/ws`, ['sluice.v1.json'], { headers: own });
      sockets.push(socket);
      await once(socket, 'open');
      return socket;
    }

    async function answer(socket: WebSocket, command: object): Promise<unknown> {
      socket.send(JSON.stringify(command));
      const [data] = (await once(socket, 'message')) as [Buffer];
      return JSON.parse(data.toString('utf8'));
    }

    const connect = async (socket: WebSocket) =>
      answer(socket, { type: 'connect', id: 1, token: await tokenFor('ada') });

    const publish = (data: unknown) =>
      fetch(`http://${address()}/api/v1/publish`, {
        method: 'POST',
        headers: { authorization: `Bearer ${API_KEY}`, 'content-type': 'application/json' },
        body: JSON.stringify({ channel: 'chat:a', data }),
      });

    it('a page of its own origin connects on a non-default port and receives messages published over HTTP', async () => {
      const socket = await open();
      expect(await connect(socket)).toMatchObject({ type: 'reply', result: { user: 'ada' } });
      expect(await answer(socket, { type: 'subscribe', id: 2, channel: 'chat:a' })).toMatchObject({ type: 'reply' });
      const received = once(socket, 'message');
      expect((await publish('hello')).status).toBe(200);
      const [data] = (await received) as [Buffer];
      expect(JSON.parse(data.toString('utf8'))).toMatchObject({ type: 'messages', messages: [{ data: 'hello' }] });
    });

    it('a page of a foreign origin receives the reason of its refusal', async () => {
      const socket = await open({ origin: 'https://evil.example.com' });
      const [code, reason] = (await once(socket, 'close')) as [number, Buffer];
      expect([code, reason.toString('utf8')]).toEqual([4210, expect.stringContaining('https://evil.example.com')]);
    });

    it('a cookie of 12 KiB and a body of almost 1 MiB reach the gateway', async () => {
      const socket = await open({ cookie: `session=${'c'.repeat(12 * 1024)}` });
      expect(await connect(socket)).toMatchObject({ type: 'reply' });
      const large = await publish('x'.repeat(1_000_000));
      expect(await large.json()).toMatchObject({ error: { name: 'payload_too_large' } });
    });

    it.each(['/metrics', '/health/live', '/health/ready'])('%s is not exposed', async (inside) => {
      expect((await fetch(`http://${address()}${inside}`)).status).toBe(403);
    });

    it('an idle connection outlives the idle timeout of the proxy', async () => {
      const socket = await open();
      await connect(socket);
      const start = performance.now();
      const outlived = (QUIET + 1) * 1_000;
      while (performance.now() - start < outlived) await Promise.race([once(socket, 'ping'), once(socket, 'close')]);
      expect(await answer(socket, { type: 'ping', id: 2 })).toMatchObject({ type: 'reply', id: 2 });
    }, 60_000);

    it('events are not buffered, and an idle stream outlives the idle timeout of the proxy', async () => {
      const cut = new AbortController();
      const headers = { authorization: `Bearer ${await tokenFor('ada')}` };
      const response = await fetch(`http://${address()}/sse?channel=chat:sse`, { headers, signal: cut.signal });
      expect(response.status).toBe(200);
      const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
      let text = '';
      const until = async (wanted: string) => {
        while (!text.includes(wanted)) {
          const { done, value } = (await reader?.read()) ?? { done: true };
          if (done) throw new Error(`the stream ended after ${text}`);
          text += value;
        }
      };
      await until('"state":"live"');
      await gateway.gateway.publish('chat:sse', 'at once');
      await until('at once');
      const start = performance.now();
      const beat = async () => {
        text = '';
        await until(':');
      };
      while (performance.now() - start < (QUIET + 1) * 1_000) await beat();
      await gateway.gateway.publish('chat:sse', 'after the silence');
      await until('after the silence');
      cut.abort();
    }, 60_000);

    it('with its TLS settings, a page of its own origin connects over wss', async () => {
      const secure = await ProxyProgram.start(name, path, { upstreams: [gateway.port, await freePort()], tls: true });
      try {
        const host = `127.0.0.1:${secure.port}`;
        const options = { origin: `https://${host}`, rejectUnauthorized: false };
        const socket = new WebSocket(`wss://${host}/ws`, ['sluice.v1.json'], options);
        sockets.push(socket);
        await once(socket, 'open');
        expect(await connect(socket)).toMatchObject({ type: 'reply', result: { user: 'ada' } });
      } finally {
        await secure.stop();
      }
    });

    it.runIf(name === 'haproxy')('uses a health check that the gateway answers', async () => {
      const asked = await new Promise((resolve) => {
        gateway.services.events.on('request', (event) => {
          if (event.path.startsWith('/health')) resolve(event);
        });
      });
      expect(asked).toMatchObject({ method: 'GET', path: '/health/ready', status: 200 });
    });
  });

  describe.skipIf(path === '')('in front of nodes that crash during a request', () => {
    let proxy: ProxyProgram;
    const servers: net.Server[] = [];
    let requests: string[] = [];

    /** A node that reads a whole request, then closes the connection without an answer. */
    async function dying(): Promise<number> {
      const server = net.createServer((socket) => {
        let read = '';
        socket.on('error', () => {});
        socket.on('data', (chunk) => {
          read += chunk.toString('latin1');
          const [head = '', body] = read.split('\r\n\r\n');
          const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
          if (body === undefined || body.length < length) return;
          if (!head.includes('/health/')) requests.push(head.split('\r\n')[0] ?? '');
          socket.destroy();
        });
      });
      servers.push(server);
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      return (server.address() as AddressInfo).port;
    }

    beforeAll(async () => {
      proxy = await ProxyProgram.start(name, path, { upstreams: [await dying(), await dying()] });
    });

    afterAll(async () => {
      await proxy.stop();
      for (const server of servers) server.close();
    });

    it('sends a publish to only one of them', async () => {
      requests = [];
      const response = await fetch(`http://127.0.0.1:${proxy.port}/api/v1/publish`, {
        method: 'POST',
        body: '{"channel":"chat:a"}',
      });
      expect(response.status).toBeGreaterThanOrEqual(500);
      expect(requests).toEqual(['POST /api/v1/publish HTTP/1.1']);
    });
  });
});

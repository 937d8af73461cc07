import { createServer, type Server } from 'node:http';
import net from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { ByteBudget } from '../util/byte-budget.ts';
import { TurnCount } from '../util/turn-count.ts';
import type { HttpSide } from './http.ts';
import { NodeHttp, type NodeHttpOptions } from './node-http.ts';

let http: NodeHttp;
afterEach(() => http.close());

async function setUp(side: Partial<HttpSide> = {}, more: Partial<NodeHttpOptions> = {}) {
  const faults: unknown[] = [];
  const budget = new ByteBudget(1_000);
  let server: Server | undefined;
  http = new NodeHttp({
    host: '127.0.0.1',
    port: 0,
    trustProxy: false,
    bodies: { known: budget, claimed: budget, pieces: new TurnCount() },
    failed: (where, error) => faults.push([where, error]),
    create: ((options: object) => {
      server = createServer(options);
      return server;
    }) as typeof createServer,
    ...more,
  });
  const port = await http.listen({ wantsBody: () => null, handle: () => ({ status: 200 }), ...side });
  if (server === undefined) throw new Error('no server was made');
  return { port, faults, server };
}

/** Resolves with the bytes received until the connection ended. */
function ask(port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write(text));
    let all = '';
    socket.on('data', (chunk) => {
      all += chunk.toString();
    });
    socket.on('error', () => {}); // "close" reports a cut
    socket.on('close', () => resolve(all));
  });
}

const GET = 'GET / HTTP/1.1\r\nHost: g\r\nConnection: close\r\n\r\n';

describe('the HTTP port', () => {
  it('reports every error of its server, and stays open', async () => {
    const { port, faults, server } = await setUp();
    const [one, two] = [new Error('one'), new Error('two')];
    server.emit('error', one);
    server.emit('error', two);
    expect(faults).toEqual([
      ['the HTTP port', one],
      ['the HTTP port', two],
    ]);
    expect(await ask(port, GET)).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('closes a refused connection without reading from it', async () => {
    const { port } = await setUp({}, { arrived: () => false });
    expect(await ask(port, GET)).toBe('');
  });

  it('limits connections, and how long they may stall', async () => {
    const { server } = await setUp();
    expect([server.maxConnections, server.timeout]).toEqual([1_024, 30_000]);
  });

  it('does not report a connection that was cut by its peer', async () => {
    const rejected: unknown[] = [];
    const { server } = await setUp({}, { rejected: (...what) => rejected.push(what) });
    server.emit('clientError', Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }), new net.Socket());
    expect(rejected).toEqual([]);
  });

  it('reports a response that fails, and closes its connection', async () => {
    const { port, faults } = await setUp({ handle: () => Promise.reject(new Error('broken')) });
    expect(await ask(port, GET)).toBe('');
    expect(faults).toEqual([['an answer over HTTP', new Error('broken')]]);
  });
});

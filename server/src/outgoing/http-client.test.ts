import { lookup } from 'node:dns';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { ManualClock } from '../util/clock.ts';
import type { CallFailed } from './call-failed.ts';
import { HttpClient } from './http-client.ts';
import { AddressPolicy } from './private-addresses.ts';

vi.mock('node:dns', { spy: true });

async function serve(answer: RequestListener): Promise<{ url: URL; requests: () => number }> {
  let requests = 0;
  const server = createServer((request, response) => {
    requests++;
    answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: new URL(`http://127.0.0.1:${port}/`), requests: () => requests };
}

function clientWith(listed: readonly string[] = ['127.0.0.1'], clock = new ManualClock()): HttpClient {
  const client = new HttpClient({ policy: new AddressPolicy(listed), clock, connections: 2 });
  onTestFinished(() => client.close());
  return client;
}

const post = (client: HttpClient, url: URL, maxAnswer = 1_000) =>
  client.post({ url, headers: {}, body: '{}', timeout: 1_000, maxAnswer });

describe('a call over HTTP', () => {
  it('is not repeated if its connection was closed: the service may have carried it out', async () => {
    const { url, requests } = await serve((request) => request.socket.resetAndDestroy());
    await expect(post(clientWith(), url)).rejects.toMatchObject({ failure: 'unreachable' });
    expect(requests()).toBe(1);
  });

  it('is repeated once if the connection was idle before', async () => {
    let calls = 0;
    const { url, requests } = await serve((request, response) => {
      if (++calls === 2) request.socket.resetAndDestroy();
      else response.end('{}');
    });
    const client = clientWith();
    await post(client, url);
    await expect(post(client, url)).resolves.toMatchObject({ status: 200 });
    expect(requests()).toBe(3);
  });

  it('that got no connection in time is no failure of the service', async () => {
    const clock = new ManualClock();
    const { url, requests } = await serve(() => {});
    const client = clientWith(undefined, clock);
    const failures = Promise.all([1, 2, 3].map(() => post(client, url).catch(({ failure }: CallFailed) => failure)));
    await vi.waitUntil(() => requests() === 2);
    clock.advance(1_000);
    expect(await failures).toEqual(['timeout', 'timeout', 'overloaded']);
  });

  it.each([300, 301, 307, 399, 400, 500])('fails with the status %i', async (status) => {
    const { url } = await serve((_, response) => {
      response.writeHead(status, { location: '/' }).end();
    });
    const failure = status >= 300 && status < 400 ? 'redirect' : 'status';
    await expect(post(clientWith(), url)).rejects.toMatchObject({ failure });
  });

  it.each([
    [1_000, null],
    [1_001, 'too_large'],
  ])('has an answer of at most `maxAnswer` bytes: %i', async (bytes, failure) => {
    const { url } = await serve((_, response) => response.end('x'.repeat(bytes)));
    const answer = post(clientWith(), url);
    if (failure === null) await expect(answer).resolves.toMatchObject({ status: 200 });
    else await expect(answer).rejects.toMatchObject({ failure });
  });

  it('is refused for a private address in the URL', async () => {
    const { url, requests } = await serve((_, response) => response.end('{}'));
    await expect(post(clientWith([]), url)).rejects.toMatchObject({ failure: 'address' });
    expect(requests()).toBe(0);
  });

  it.each([
    ['only permitted addresses', ['127.0.0.1'], null],
    ['a private address among others', ['127.0.0.1', '10.0.0.1'], 'address'],
    ['a private address before others', ['10.0.0.1', '127.0.0.1'], 'address'],
  ])('to a name with %s', async (_, addresses, failure) => {
    const { url } = await serve((_request, response) => response.end('{}'));
    vi.mocked(lookup).mockImplementationOnce(((...args: unknown[]) => {
      const answer = args.at(-1) as (error: null, found: object[]) => void;
      answer(
        null,
        addresses.map((address) => ({ address, family: 4 })),
      );
    }) as never);
    const called = post(clientWith(), new URL(`http://service.example:${url.port}/`));
    if (failure === null) await expect(called).resolves.toMatchObject({ status: 200 });
    else await expect(called).rejects.toMatchObject({ failure });
  });
});

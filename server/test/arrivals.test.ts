import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { createClient } from '@sluice/client';
import { afterEach, expect, it } from 'vitest';
import WebSocket from 'ws';
import { ManualClock } from '../src/util/clock.ts';
import { type RealGateway, startGateway } from './support/real-gateway.ts';

const clock = new ManualClock();
let gateway: RealGateway;
afterEach(() => gateway.stop());

const start = async (limits: { connectionRate?: number; connectionRatePerAddress?: number }) => {
  gateway = await startGateway({ anonymous: true, limits }, { clock });
};

/** The response to a handshake that is refused. */
async function refused() {
  const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/ws`, 'sluice.v1.json');
  socket.on('error', () => {}); // "unexpected-response" says more
  const [, response] = await once(socket, 'unexpected-response');
  const body = JSON.parse(await text(response));
  return { status: response.statusCode, retry: response.headers['retry-after'], body };
}

it('a node that gets too many new connections refuses further ones with 503 and Retry-After', async () => {
  await start({ connectionRate: 1 });
  await gateway.open();
  expect(await refused()).toMatchObject({
    status: 503,
    retry: '1',
    body: { error: { name: 'connecting_too_fast', retryable: true, retryAfter: 1_000 } },
  });
  clock.advance(1_000);
  await gateway.open();
});

it('an address has a limit of its own', async () => {
  await start({ connectionRatePerAddress: 1 });
  for (let n = 0; n < 10; n++) await gateway.open();
  const { status, body } = await refused();
  expect([status, body.error.message]).toEqual([503, 'your address opened too many connections at once; wait 1000 ms']);
});

it('a stream of events counts as a connection, and its page may read when to try again', async () => {
  await start({ connectionRate: 1 });
  await gateway.open();
  const response = await fetch(`${gateway.url}/sse?channel=news:today`, { headers: { Origin: gateway.url } });
  expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
  expect(response.headers.get('access-control-expose-headers')).toBe('Retry-After');
});

it('the SDK waits with a growing pause, and connects when there is room', async () => {
  await start({ connectionRate: 1 });
  await gateway.open();
  const client = createClient({ url: `${gateway.url.replace('http', 'ws')}/ws`, WebSocket });
  client.connect();
  const waits: number[] = [];
  const connected = new Promise<void>((resolve) => {
    client.on('state', ({ state, retryIn = 0 }) => {
      if (state === 'waiting') waits.push(retryIn);
      if (waits.length === 3) clock.advance(1_000);
      if (state === 'connected') resolve();
    });
  });
  await connected;
  client.close();
  expect(waits).toHaveLength(3);
  for (const [failures, wait] of waits.entries()) expect(wait).toBeLessThan(500 * 2 ** failures);
});

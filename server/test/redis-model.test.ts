import { setTimeout as pause } from 'node:timers/promises';
import { type Client, createClient, SluiceError } from '@sluice/client';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { RealGateway } from './support/real-gateway.ts';
import { type RedisServer, startRedis } from './support/redis-server.ts';
import { TcpProxy } from './support/tcp-proxy.ts';
import { tokenFor } from './support/tokens.ts';

const ROUNDS = Number(process.env.SLUICE_REDIS_ROUNDS ?? 6);

/** A gateway with its own proxy to Redis, and one user connected to it. */
interface Node {
  readonly proxy: TcpProxy;
  readonly gateway: RealGateway;
  readonly client: Client;
}

let redis: RedisServer;
const nodes: Node[] = [];

beforeAll(async () => {
  redis = await startRedis(['--appendonly', 'yes', '--appendfsync', 'always']);
  for (const user of ['ada', 'ben']) {
    const proxy = await TcpProxy.start(redis.port);
    const gateway = new RealGateway({ engine: 'redis', redis: { url: proxy.url, timeout: 300 } });
    await gateway.start();
    const client = createClient({ url: `${gateway.url}/ws`, WebSocket, token: () => tokenFor(user) });
    nodes.push({ proxy, gateway, client });
  }
});

afterAll(async () => {
  for (const { client } of nodes) client.close();
  for (const { proxy } of nodes) proxy.restore();
  await Promise.all(nodes.map(({ gateway }) => gateway.gateway.close()));
  await Promise.all(nodes.map(({ proxy }) => proxy.close()));
});

const at = fc.constantFrom(0, 1);
const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant('publish' as const), at, count: fc.integer({ min: 1, max: 20 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom('cut' as const, 'drop', 'stall', 'restore', 'restore'), at }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const), at }) },
  // The steps and the servers run independently: some time must pass between the steps.
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('wait' as const), at, ms: fc.integer({ min: 1, max: 60 }) }) },
);

let channels = 0;

/** Publishes with one key until it is acknowledged. */
async function publish({ client }: Node, room: string, value: number): Promise<number> {
  for (;;) {
    try {
      await client.channel(room).publish(value, { key: `${value}` });
      return value;
    } catch (error) {
      if (!(error instanceof SluiceError) || !error.retryable) throw error;
      await pause(50);
    }
  }
}

/** Subscribes every user to the channel, and records what they receive. */
async function listen(room: string) {
  const received: number[][] = [];
  const gaps: unknown[] = [];
  for (const { client } of nodes) {
    const list: number[] = [];
    received.push(list);
    const channel = client.channel<number>(room);
    const subscription = channel.subscribe(({ data }) => list.push(data), { onGap: (gap) => gaps.push(gap) });
    await subscription.ready;
  }
  return { received, gaps };
}

describe('two gateways on one Redis', () => {
  it('lose nothing and repeat nothing, whatever happens to their connections to Redis', {
    timeout: 600_000,
  }, async () => {
    const property = fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40, size: 'max' }), async (steps) => {
      const room = `chat:${++channels}`;
      const { received, gaps } = await listen(room);
      const published: Promise<number>[] = [];
      let last = 0;
      for (const one of steps) {
        const node = nodes[one.at];
        if (node === undefined) continue;
        if (one.kind === 'publish') {
          for (let n = 0; n < one.count; n++) {
            const value = ++last;
            published.push(publish(node, room, value));
          }
        } else if (one.kind === 'wait') await pause(one.ms);
        else if (one.kind === 'restart') {
          await redis.stop();
          await redis.run();
        } else node.proxy[one.kind]();
      }
      for (const { proxy } of nodes) proxy.restore();
      const acknowledged = await Promise.all(published);
      expect(acknowledged).toHaveLength(last);
      // Each receives every message once, and both in the same order.
      for (const list of received) await expect.poll(() => list.length).toBeGreaterThanOrEqual(last);
      const sorted = (list: readonly number[]) => [...list].sort((a, b) => a - b);
      expect(sorted(received[0] ?? [])).toEqual(sorted(acknowledged));
      expect(received[1]).toEqual(received[0]);
      expect(gaps).toEqual([]);
    });
    await fc.assert(property, { numRuns: ROUNDS, endOnFailure: true });
  });
});

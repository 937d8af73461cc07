import { beforeAll, describe, expect, it } from 'vitest';
import { type BridgeGateway, startGateway } from './support/bridge-gateway.ts';
import type { BrokerServer } from './support/broker-server.ts';
import { missing } from './support/programs.ts';
import { REDIS, startRedis } from './support/redis-broker.ts';

const skip = missing(REDIS, 'there is no redis-server; apt-get install redis-server');

describe.skipIf(skip)('a bridge of two nodes', () => {
  let server: BrokerServer;
  beforeAll(async () => {
    server = await startRedis();
  });

  it('is reported by both with the node that runs it, also after that one has gone', async () => {
    const url = `redis://127.0.0.1:${server.port}`;
    const start = (node: string): Promise<BridgeGateway> =>
      startGateway({
        ...{ node, engine: 'redis', redis: { url } },
        channels: { orders: { history: true } },
        bridges: { in: { redis: { url }, from: { streams: ['orders'] }, to: { channel: 'orders' } } },
      });
    const nodes = { one: await start('one'), two: await start('two') };
    const seen = async (gateway: BridgeGateway) => {
      const { state, node } = await gateway.bridge('in');
      return state === 'running' ? node : state;
    };
    await expect.poll(() => seen(nodes.one)).toMatch(/one|two/);
    const first = (await seen(nodes.one)) as 'one' | 'two';
    await expect.poll(() => seen(nodes.two)).toBe(first);

    const other = first === 'one' ? 'two' : 'one';
    await nodes[first].close();
    await expect.poll(() => seen(nodes[other])).toBe(other);
  });
});

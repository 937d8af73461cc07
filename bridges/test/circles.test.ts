import { Redis } from 'ioredis';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type BridgeGateway, startGateway } from './support/bridge-gateway.ts';
import type { BrokerServer } from './support/broker-server.ts';
import { dataFolder } from './support/data-folder.ts';
import { missing } from './support/programs.ts';
import { REDIS, startRedis } from './support/redis-broker.ts';

const skip = missing(REDIS, 'there is no redis-server; apt-get install redis-server');

/** Bridges in both directions over one stream, with the default origin. */
describe.skipIf(skip)('bridges in both directions', () => {
  let server: BrokerServer;
  beforeAll(async () => {
    server = await startRedis();
  });

  let streams = 0;

  function open() {
    const redis = { url: `redis://127.0.0.1:${server.port}` };
    const client = new Redis(server.port);
    client.on('error', () => {}); // it connects again
    onTestFinished(() => client.disconnect());
    const stream = `both-${++streams}`;
    const start = (
      group: string,
      { sends, publishesTo }: { sends: readonly string[]; publishesTo: readonly string[] },
      engine: object = {},
    ) => {
      const out = sends.map((channel) => [`out-${channel}`, { redis, from: { channel }, to: { stream } }]);
      const back = publishesTo.map((channel, at) => [
        `in-${at}`,
        { redis, from: { streams: [stream], group: `${group}${at}` }, to: { channel } },
      ]);
      const channels = {
        ...{ x: { history: true }, y: { history: true }, all: { bind: ['orders:*'], history: true } },
        'orders:{id}': { history: true },
      };
      return startGateway({ ...engine, channels, bridges: Object.fromEntries([...out, ...back]) as never });
    };
    const origins = async () =>
      (await client.xrange(stream, '-', '+')).map(([, fields]) => fields[fields.indexOf('sluice-origin') + 1]);
    return { start, origins, length: () => client.xlen(stream) };
  }

  /** Until all bridges have read, and have nothing left to send. */
  const settled = async (gateways: readonly BridgeGateway[], returned: readonly number[]): Promise<void> => {
    for (const [at, gateway] of gateways.entries()) {
      const counts = async () => {
        const { bridges } = await gateway.get<{
          bridges: readonly { counts: Record<string, number>; lag: number | null }[];
        }>('/bridges');
        const back = bridges.reduce((sum, bridge) => sum + (bridge.counts.returned ?? 0), 0);
        return [back, bridges.reduce((sum, { lag }) => sum + (lag ?? 0), 0)];
      };
      await expect.poll(counts).toEqual([returned[at], 0]);
    }
  };

  it('of one gateway publish nothing twice', async () => {
    const { start, length } = open();
    const one = await start('a', { sends: ['x'], publishesTo: ['x'] });
    await one.publish('x', 1);
    await settled([one], [1]);
    expect([await one.data('x'), await length()]).toEqual([[1], 1]);
  });

  it('of two gateways bring each message to the other one, once', async () => {
    const { start, length } = open();
    const both = { sends: ['x'], publishesTo: ['x'] };
    const [a, b] = [await start('a', both), await start('b', both)];
    await a.publish('x', 'from a');
    await expect.poll(() => b.data('x')).toEqual(['from a']);
    await settled([a, b], [2, 1]); // its own message, and its copy that b has sent
    await b.publish('x', 'from b');
    await expect.poll(() => a.data('x')).toEqual(['from a', 'from b']);
    await settled([a, b], [3, 3]);
    expect([await b.data('x'), await length()]).toEqual([['from a', 'from b'], 4]);
  });

  it.each([
    ['durable', () => ({ engine: 'durable', durable: { data: dataFolder() } }), true],
    ['redis', () => ({ engine: 'redis', redis: { url: `redis://127.0.0.1:${server.port}`, prefix: 'origin:' } }), true],
    ['memory', () => ({}), false],
  ] as const)('have an origin that the %s engine keeps over a restart', async (_, engineOf, isKept) => {
    const { start, origins } = open();
    const engine = engineOf();
    for (let life = 1; life <= 2; life++) {
      const gateway = await start('a', { sends: ['x'], publishesTo: [] }, engine);
      await gateway.publish('x', life);
      await expect.poll(origins).toHaveLength(life);
      await gateway.close();
    }
    const [first, second] = await origins();
    expect(first).toMatch(/^sluice-[0-9a-z]{12}$/);
    expect(first === second).toBe(isKept);
  });

  it('of a bound channel and its members end', async () => {
    const { start, length } = open();
    const one = await start('a', { sends: ['all'], publishesTo: ['orders:{header:sluice-channel}'] });
    await one.publish('orders:1', 1);
    await settled([one], [1]);
    expect([await one.data('all'), await length()]).toEqual([[1], 1]);
  });

  it('of two channels over one stream end', async () => {
    const { start, length } = open();
    const one = await start('a', { sends: ['x', 'y'], publishesTo: ['x', 'y'] });
    await one.publish('x', 1);
    await expect.poll(() => one.data('y')).toEqual([1]);
    await settled([one], [3]); // each in its own channel, and the second one in x
    expect([await one.data('x'), await length()]).toEqual([[1], 2]);
  });
});

import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { expectFresh } from '../../scripts/src/fresh-build.mjs';
import { ServeProcess } from '../../server/test/support/serve-process.ts';
import { missing } from './support/programs.ts';
import { REDIS, startRedis } from './support/redis-broker.ts';

const skip = process.platform !== 'linux' || missing(REDIS, 'there is no redis-server; apt-get install redis-server');

interface Bridge {
  readonly name: string;
  readonly state: string;
  readonly node: string | null;
}

describe.skipIf(skip)('the bridges of a gateway with workers', () => {
  it('run on one worker each, and lose and repeat nothing if their worker is killed', async () => {
    expectFresh(['bridges']);
    const server = await startRedis();
    const redis = new Redis(server.port);
    onTestFinished(() => redis.disconnect());
    const connection = { redis: { url: `redis://127.0.0.1:${server.port}` } };
    const gateway = new ServeProcess({
      ...{ engine: 'durable', durable: { data: 'data' } },
      channels: { orders: { history: { count: 1_000 } } },
      bridges: {
        in: { ...connection, from: { streams: ['source'] }, to: { channel: 'orders' } },
        out: { ...connection, from: { channel: 'orders' }, to: { stream: 'sink' } },
      },
    });
    onTestFinished(() => gateway.end());
    await gateway.start();
    const get = async (path: string) => (await (await gateway.request(`/api/v1${path}`)).json()) as unknown;
    const bridges = async () => ((await get('/bridges')) as { bridges: readonly Bridge[] }).bridges;
    const produce = async (from: number, to: number) => {
      for (let n = from; n <= to; n++) await redis.xadd('source', '*', 'data', `${n}`);
    };
    const sent = async () =>
      (await redis.xrange('sink', '-', '+')).map(([, fields]) => Number(fields[fields.indexOf('data') + 1]));

    await produce(1, 50);
    await expect.poll(sent).toEqual(numbers(50));
    const running = await bridges();
    expect(running.map(({ state }) => state)).toEqual(['running', 'running']);
    for (const { node } of running) expect(['m/1', 'm/2']).toContain(node);

    const first = gateway.pidOf('worker');
    const second = gateway.pidOf('worker', { not: [first] });
    for (const pid of [first, second]) process.kill(pid, 'SIGKILL'); // one of them runs each bridge
    await produce(51, 80);
    await gateway.logged(({ msg }) => msg === 'gateway started', { count: 4 });
    await expect.poll(sent).toEqual(numbers(80));
    const { messages } = (await get('/channels/orders/messages?limit=1000')) as { messages: { data: number }[] };
    expect(messages.map(({ data }) => data)).toEqual(numbers(80));
    expect((await bridges()).map(({ state }) => state)).toEqual(['running', 'running']);
    const entries = (await redis.xrange('sink', '-', '+')).map(
      ([, fields]) => fields[fields.indexOf('sluice-origin') + 1],
    );
    expect(new Set(entries).size).toBe(1); // the engine keeps it for all workers, and for later ones
    expect(await gateway.stop()).toBe(0);
    expect(gateway.left).toEqual([]);
  });
});

const numbers = (to: number) => Array.from({ length: to }, (_, at) => at + 1);

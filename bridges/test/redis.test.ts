import type { OutboundBridge } from '@sluice/server/bridging';
import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { wrapMessage } from '../src/envelope.ts';
import { RedisSink } from '../src/redis/redis-sink.ts';
import { testSink } from './conformance/sink-conformance.ts';
import { testSource } from './conformance/source-conformance.ts';
import { startGateway } from './support/bridge-gateway.ts';
import type { BrokerServer } from './support/broker-server.ts';
import { dataFolder } from './support/data-folder.ts';
import { missing } from './support/programs.ts';
import { REDIS, startRedis } from './support/redis-broker.ts';
import { openPassage } from './support/silent-passage.ts';

const skip = missing(REDIS, 'there is no redis-server; apt-get install redis-server');
let streams = 0;

function connect({ port }: BrokerServer): Redis {
  const redis = new Redis(port, { maxRetriesPerRequest: null });
  redis.on('error', () => {}); // it connects again
  return redis;
}

testSource('Redis Streams', {
  skip,
  start: startRedis,
  open: async (server) => {
    const redis = connect(server);
    const stream = `source-${++streams}`;
    return {
      bridge: { redis: { url: `redis://127.0.0.1:${server.port}` }, from: { streams: [stream] } },
      produce: async (messages) => {
        for (const { body, key, headers = {} } of messages) {
          const fields = { ...headers, ...(key !== undefined && { key }), data: body };
          await redis.xadd(stream, '*', ...Object.entries(fields).flat());
        }
      },
      produceBytes: async (body) => void (await redis.xadd(stream, '*', 'data', Buffer.from(body))),
      unacknowledged: async () => {
        const [group] = (await redis.xinfo('GROUPS', stream)) as unknown[][];
        const fields = new Map(group?.map((name, at) => [name, group[at + 1]]));
        return (await redis.xrange(stream, `(${fields.get('last-delivered-id')}`, '+')).length;
      },
      rewind: async () => void (await redis.xgroup('SETID', stream, 'sluice', '0')),
      close: async () => redis.disconnect(),
    };
  },
});

testSink('Redis Streams', {
  ...{ skip, prefix: 'ce_', deduplicates: true },
  start: startRedis,
  open: async (server) => {
    const redis = connect(server);
    const stream = `sink-${++streams}`;
    return {
      bridge: { redis: { url: `redis://127.0.0.1:${server.port}` }, to: { stream } },
      received: async () =>
        (await redis.xrange(stream, '-', '+')).map(([, fields]) => {
          const pairs = Array.from({ length: fields.length / 2 }, (_, at) => fields.slice(at * 2, at * 2 + 2));
          const { data: body = '', ...headers } = Object.fromEntries(pairs) as Record<string, string>;
          return { body, headers };
        }),
      close: async () => redis.disconnect(),
    };
  },
});

describe.skipIf(skip)('a stream of Redis that is sent to', () => {
  /** Sends messages of an epoch as a bridge does, over a connection of its own. */
  async function open(inFlight = 100) {
    const server = await startRedis();
    const redis = connect(server);
    onTestFinished(() => redis.disconnect());
    const stream = `sink-${++streams}`;
    const config = {
      ...{ connection: { url: `redis://127.0.0.1:${server.port}` }, to: { stream, body: 'data' } },
      ...{ inFlight, from: { channel: 'audit' }, envelope: 'raw' },
    } as unknown as OutboundBridge;
    const send = async (epoch: string, offsets: readonly number[]) => {
      const sink = await new RedisSink(Redis, config).open();
      const options = { bridge: config, origin: 'here', prefix: 'ce_' };
      await sink.send(
        offsets.map((offset) => wrapMessage(epoch, { id: `m${offset}`, offset, time: 0, data: offset }, options)),
      );
      await sink.close();
    };
    const other = async (count: number) => {
      for (let at = 0; at < count; at++) await redis.xadd(stream, '*', 'data', 'other');
    };
    const stored = async () =>
      (await redis.xrange(stream, '-', '+'))
        .map(([, fields]) => fields[fields.indexOf('data') + 1])
        .filter((data) => data !== 'other');
    return { send, other, stored };
  }
  const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => from + at);

  it('gets a message behind later ones, as after a redrive, and not twice', async () => {
    const { send, stored } = await open();
    await send('e', [1, 2, 3, 4, 6, 7]);
    await send('e', [5]);
    await send('e', [5, 8]);
    expect(await stored()).toEqual(['1', '2', '3', '4', '6', '7', '5', '8']);
  });

  it('gets messages of a channel of the same name from another gateway, and repeats of neither', async () => {
    const { send, stored } = await open();
    for (let attempt = 0; attempt < 2; attempt++) {
      await send('e', [1, 2, 3]);
      await send('f', [1, 2]);
    }
    expect(await stored()).toEqual(['1', '2', '3', '1', '2']);
  });

  it('gets no repeats of as many messages as may be in flight, also if others append', async () => {
    const { send, other, stored } = await open(300);
    await send('e', numbers(1, 300));
    await other(250);
    await send('e', numbers(1, 310));
    expect(await stored()).toEqual(numbers(1, 310).map(String));
  });
});

it.skipIf(skip)('entries that a consumer of the group has read and not acknowledged are read again', async () => {
  const server = await startRedis();
  const redis = connect(server);
  onTestFinished(() => redis.disconnect());
  for (let n = 1; n <= 5; n++) await redis.xadd('left', `7-${n - 1}`, 'data', `${n}`);
  await redis.xgroup('CREATE', 'left', 'sluice', '0');
  await redis.xreadgroup('GROUP', 'sluice', 'another', 'COUNT', 4, 'STREAMS', 'left', '>');
  await redis.xack('left', 'sluice', '7-1', '7-2');
  const gateway = await startGateway({
    channels: { orders: { history: true } },
    bridges: {
      in: {
        ...{
          redis: { url: `redis://127.0.0.1:${server.port}` },
          from: { streams: ['left'] },
          to: { channel: 'orders' },
        },
      },
    },
  });
  await expect.poll(() => gateway.data('orders')).toEqual([1, 2, 3, 4, 5]);
  await expect.poll(() => redis.xpending('left', 'sluice')).toEqual([0, null, null, null]);
});

it.skipIf(skip)('two gateways that both believe to be the only reader get the same entries', async () => {
  const server = await startRedis();
  const redis = connect(server);
  onTestFinished(() => redis.disconnect());
  // Each has a log of its own, and so a lease.
  const read = () =>
    startGateway({
      channels: { orders: { history: true } },
      bridges: {
        in: {
          ...{ redis: { url: `redis://127.0.0.1:${server.port}` }, from: { streams: ['both'] } },
          to: { channel: 'orders' },
        },
      },
    });
  const both = [await read(), await read()];
  for (const gateway of both) await expect.poll(async () => (await gateway.bridge('in')).state).toBe('running');
  const numbers = Array.from({ length: 50 }, (_, at) => at + 1);
  for (const n of numbers) await redis.xadd('both', '*', 'data', `${n}`);
  for (const gateway of both) await expect.poll(() => gateway.data('orders')).toEqual(numbers);
});

describe.skipIf(skip)('entries of Redis that are removed before a bridge reads them', () => {
  const start = async (stream: string) => {
    const server = await startRedis();
    const redis = connect(server);
    onTestFinished(() => redis.disconnect());
    const add = async (from: number, to: number) => {
      for (let n = from; n <= to; n++) await redis.xadd(stream, '*', 'data', `${n}`);
    };
    const folder = dataFolder();
    const run = () =>
      startGateway({
        ...{ channels: { orders: { history: true } }, engine: 'durable', durable: { data: folder } },
        bridges: {
          in: {
            ...{ redis: { url: `redis://127.0.0.1:${server.port}` }, from: { streams: [stream] } },
            to: { channel: 'orders' },
          },
        },
      });
    return { redis, add, run };
  };

  it('are counted as lost, though not those that it has read', async () => {
    const { redis, add, run } = await start('trimmed');
    await add(1, 5);
    const first = await run();
    await expect.poll(() => first.data('orders')).toEqual([1, 2, 3, 4, 5]);
    await first.close();
    await add(6, 9);
    await redis.xtrim('trimmed', 'MAXLEN', 4);
    const second = await run();
    await expect.poll(async () => (await second.data('orders')).at(-1)).toBe(9);
    expect((await second.bridge('in')).counts.lost).toBeUndefined();
    await second.close();
    await add(10, 19);
    await redis.xtrim('trimmed', 'MAXLEN', 2);
    const third = await run();
    await expect.poll(async () => (await third.data('orders')).at(-1)).toBe(19);
    expect(await third.data('orders')).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 18, 19]);
    expect((await third.bridge('in')).counts.lost).toBe(8);
  });

  it('are counted as lost while it runs', async () => {
    const { redis, add, run } = await start('running');
    const gateway = await run();
    await add(1, 2);
    await expect.poll(() => gateway.data('orders')).toEqual([1, 2]);
    await redis.multi().xadd('running', '*', 'data', '3').xtrim('running', 'MAXLEN', 0).exec();
    await expect.poll(async () => (await gateway.bridge('in')).counts.lost).toBe(1);
  });
});

it.skipIf(skip)('a bridge from the newest entry of Redis goes on where it began if the group is lost', async () => {
  const server = await startRedis();
  const redis = connect(server);
  onTestFinished(() => redis.disconnect());
  const add = (n: number) => redis.xadd('regrouped', '*', 'data', `${n}`);
  const folder = dataFolder();
  const run = () =>
    startGateway({
      ...{ channels: { orders: { history: true } }, engine: 'durable', durable: { data: folder } },
      bridges: {
        in: {
          ...{ redis: { url: `redis://127.0.0.1:${server.port}` }, to: { channel: 'orders' } },
          from: { streams: ['regrouped'], start: 'newest' },
        },
      },
    });
  await add(1);
  const first = await run();
  await expect.poll(async () => (await first.bridge('in')).state).toBe('running');
  await add(2);
  await expect.poll(() => first.data('orders')).toEqual([2]);
  await first.close();
  await redis.xgroup('DESTROY', 'regrouped', 'sluice');
  await add(3);
  const second = await run();
  await expect.poll(() => second.data('orders')).toEqual([2, 3]);
  await second.close();
  await redis.del('regrouped');
  await add(4);
  const third = await run();
  await expect.poll(() => third.data('orders')).toEqual([2, 3, 4]);
});

it.skipIf(skip)('a bridge from Redis notices that its server is silent, and connects again', async () => {
  const server = await startRedis();
  const redis = connect(server);
  onTestFinished(() => redis.disconnect());
  const passage = await openPassage(server.port);
  const gateway = await startGateway({
    channels: { orders: { history: true } },
    bridges: {
      in: {
        ...{ redis: { url: `redis://127.0.0.1:${passage.port}` }, from: { streams: ['silent'] } },
        to: { channel: 'orders' },
      },
    },
  });
  await expect.poll(async () => (await gateway.bridge('in')).state).toBe('running');
  passage.fallSilent();
  await redis.xadd('silent', '*', 'data', '1');
  await expect.poll(() => gateway.data('orders')).toEqual([1]);
});

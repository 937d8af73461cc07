import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import type { ConfigInput } from '@sluice/server';
import { parseConfig } from '@sluice/server/cli-support';
import { Redis } from 'ioredis';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createEngine } from '../../server/src/engines.ts';
import { systemClock } from '../../server/src/util/clock.ts';
import { GATEWAY, startGateway } from './support/bridge-gateway.ts';
import type { BrokerServer } from './support/broker-server.ts';
import { NATS, startNats } from './support/nats-broker.ts';
import { fastClock, Pause, pausing } from './support/paused-node.ts';
import { missing } from './support/programs.ts';
import { REDIS, startRedis } from './support/redis-broker.ts';

const skip = missing(REDIS, 'there is no redis-server; apt-get install redis-server');

/** A broker that bridges of a test send to. */
interface Sink {
  readonly bridge: object;
  /** The numbers that it has, in its order. */
  sent(): Promise<number[]>;
  close(): Promise<void>;
}

async function openRedis(redis: Redis, url: string): Promise<Sink> {
  await redis.del('sink');
  return {
    bridge: { redis: { url }, to: { stream: 'sink' } },
    sent: async () =>
      (await redis.xrange('sink', '-', '+')).map(([, fields]) => Number(fields[fields.indexOf('data') + 1])),
    close: async () => {},
  };
}

/** A broker that gets the next messages while it confirms earlier ones. */
async function openNats(): Promise<Sink> {
  const { port } = await startNats();
  const connection = await connect({ servers: `127.0.0.1:${port}` });
  const { streams } = await jetstreamManager(connection);
  await streams.add({ name: 'sink', subjects: ['sink'] });
  return {
    bridge: { nats: { url: `nats://127.0.0.1:${port}` }, to: { subject: 'sink' } },
    sent: async () => {
      const { state } = await streams.info('sink');
      const messages = await Promise.all(numbers(state.messages).map((seq) => streams.getMessage('sink', { seq })));
      return messages.map((message) => Number(message?.string()));
    },
    close: () => connection.close(),
  };
}

const numbers = (to: number) => Array.from({ length: to }, (_, at) => at + 1);

describe.skipIf(skip)('a gateway that was paused while another took over its bridge', () => {
  let server: BrokerServer;
  let redis: Redis;
  beforeAll(async () => {
    server = await startRedis();
    redis = new Redis(server.port);
    return () => redis.disconnect();
  });

  const url = () => `redis://127.0.0.1:${server.port}`;
  const configOf = (node: string, bridges: object): ConfigInput => ({
    ...{ node, engine: 'redis', redis: { url: url() } },
    ...{ channels: { orders: { history: true } }, bridges: { ...bridges } },
  });
  const start = (node: string, bridges: object, parts: Parameters<typeof startGateway>[1]) =>
    startGateway(configOf(node, bridges), parts);

  it('publishes nothing twice and nothing out of order when it continues', async () => {
    const bridges = {
      in: { redis: { url: url() }, inFlight: 10, from: { streams: ['source'] }, to: { channel: 'orders' } },
    };
    const produce = async (from: number, to: number) => {
      for (let n = from; n <= to; n++) await redis.xadd('source', '*', 'data', `${n}`);
    };
    await produce(1, 30);
    const pause = new Pause(10);
    onTestFinished(() => pause.end());
    const former = await start('former', bridges, { bridges: pause.bridges });
    await pause.begun;
    const next = await start('next', bridges, { clock: fastClock });
    await expect.poll(() => next.data('orders')).toEqual(numbers(30));

    pause.end(); // it still has messages 11 to 20, and believes that it holds the lease
    await produce(31, 60);
    await expect.poll(async () => (await next.data('orders')).length).toBe(60);
    await expect.poll(async () => (await former.bridge('in')).node).toBe('next');
    await produce(61, 70);
    await expect.poll(async () => (await next.data('orders')).at(-1)).toBe(70);
    expect(await next.data('orders')).toEqual(numbers(70));
  });

  describe.each([
    ['Redis Streams', false, () => openRedis(redis, url())],
    ['NATS', missing(NATS, 'there is no nats-server; apt-get install nats-server'), openNats],
  ] as const)('and that sends to %s', (_, isMissing, open) => {
    /** Runs a gateway that pauses, and another that takes over; the first one continues when all was sent. */
    const takeOver = async (pause: Pause, partsOf: (bridges: object) => Parameters<typeof startGateway>[1]) => {
      onTestFinished(() => pause.end());
      await redis.flushall();
      const sink = await open();
      onTestFinished(() => sink.close());
      const bridges = { out: { ...sink.bridge, inFlight: 10, from: { channel: 'orders' } } };
      const former = await start('former', bridges, partsOf(bridges));
      const publish = async (from: number, to: number) => {
        for (let n = from; n <= to; n++) await former.publish('orders', n);
      };
      await publish(1, 40);
      await pause.begun;
      const next = await start('next', bridges, { clock: fastClock });
      await expect.poll(() => sink.sent()).toEqual(numbers(40));

      pause.end(); // it believes that it holds the lease
      await publish(41, 140);
      await expect.poll(async () => (await former.bridge('out')).node).toBe('next');
      await publish(141, 150);
      await expect.poll(async () => (await sink.sent()).at(-1)).toBe(150);
      expect(await sink.sent()).toEqual(numbers(150));
      await expect.poll(async () => (await next.bridge('out')).lag).toBe(0);
    };

    it.skipIf(isMissing)('acknowledges nothing when it continues, so that all messages are sent in order', async () => {
      const pause = new Pause(10);
      await takeOver(pause, () => ({ bridges: pause.bridges }));
    });

    it.skipIf(isMissing).each(['fence', 'claim'] as const)(
      'shares no messages if it was paused after it had asked for the lease, before its first call "%s"',
      async (call) => {
        const pause = new Pause(0);
        await takeOver(pause, (bridges) => {
          const config = parseConfig({ ...GATEWAY, ...configOf('former', bridges) } as ConfigInput);
          return { engine: pausing(createEngine(config, systemClock), call, pause) };
        });
      },
    );
  });
});

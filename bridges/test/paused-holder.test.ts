import { loadBridge } from '@sluice/bridges';
import type { ConfigInput } from '@sluice/server';
import type { BridgeHost, Clock } from '@sluice/server/bridging';
import { parseConfig } from '@sluice/server/cli-support';
import { Redis } from 'ioredis';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Engine } from '../../server/src/engine/engine.ts';
import { createEngine } from '../../server/src/engines.ts';
import { systemClock } from '../../server/src/util/clock.ts';
import { GATEWAY, startGateway } from './support/bridge-gateway.ts';
import type { BrokerServer } from './support/broker-server.ts';
import { missing } from './support/programs.ts';
import { REDIS, startRedis } from './support/redis-broker.ts';

const skip = missing(REDIS, 'there is no redis-server; apt-get install redis-server');

/** How much faster than the machine's the clock of the second gateway runs: it takes the lease while the first one renews it. */
const FASTER = 5;
const fastClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now() * FASTER,
  after: (delay, task) => {
    const timer = setTimeout(task, delay / FASTER);
    return { cancel: () => clearTimeout(timer) };
  },
};

/** Bridges that pause after a number of messages, and continue when the test resumes them. */
class Pause {
  readonly #after: number;
  #count = 0;
  #mark: () => void = () => {};
  #resume: () => void = () => {};
  readonly begun = new Promise<void>((resolve) => {
    this.#mark = resolve;
  });
  readonly #ended = new Promise<void>((resolve) => {
    this.#resume = resolve;
  });

  /** @param after messages that pass before the pause */
  constructor(after: number) {
    this.#after = after;
  }

  readonly bridges = async () => ({
    loadBridge: (...[config, host]: Parameters<typeof loadBridge>) => loadBridge(config, this.#pausing(host)),
  });

  end(): void {
    this.#resume();
  }

  /** Waits if as many messages have passed. */
  async pass(messages: number): Promise<void> {
    this.#count += messages;
    if (this.#count <= this.#after) return;
    this.#mark();
    await this.#ended;
  }

  #pausing = (host: BridgeHost): BridgeHost => ({
    ...host,
    // It has read messages, and not published them.
    publish: async (messages) => {
      await this.pass(messages.length);
      return host.publish(messages);
    },
    // The broker has messages, and they are not acknowledged.
    openFeed: async () => {
      const feed = await host.openFeed();
      const taken: number[] = [];
      return {
        next: async (most) => {
          const batch = await feed.next(most);
          taken.push(batch.messages.length);
          return batch;
        },
        acknowledge: async (dead) => {
          await this.pass(taken.shift() ?? 0);
          await feed.acknowledge(dead);
        },
        close: () => feed.close(),
      };
    },
  });
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

  const configOf = (node: string, bridges: object): ConfigInput => ({
    ...{ node, engine: 'redis', redis: { url: `redis://127.0.0.1:${server.port}` } },
    ...{ channels: { orders: { history: true } }, bridges: { ...bridges } },
  });
  const start = (node: string, bridges: object, parts: Parameters<typeof startGateway>[1]) =>
    startGateway(configOf(node, bridges), parts);
  const connection = () => ({ redis: { url: `redis://127.0.0.1:${server.port}` }, inFlight: 10 });

  it('publishes nothing twice and nothing out of order when it continues', async () => {
    const bridges = { in: { ...connection(), from: { streams: ['source'] }, to: { channel: 'orders' } } };
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

  it('acknowledges nothing when it continues, so that all messages are sent in order', async () => {
    const bridges = { out: { ...connection(), from: { channel: 'orders' }, to: { stream: 'sink' } } };
    await redis.flushall();
    const pause = new Pause(10);
    onTestFinished(() => pause.end());
    const former = await start('former', bridges, { bridges: pause.bridges });
    const publish = async (from: number, to: number) => {
      for (let n = from; n <= to; n++) await former.publish('orders', n);
    };
    await publish(1, 30);
    await pause.begun;
    const next = await start('next', bridges, { clock: fastClock });
    const sent = async () => (await redis.xrange('sink', '-', '+')).map(([, fields]) => Number(dataOf(fields)));
    await expect.poll(sent).toEqual(numbers(30));

    pause.end(); // the broker has confirmed its batch
    await publish(31, 60);
    await expect.poll(async () => (await former.bridge('out')).node).toBe('next');
    await publish(61, 70);
    await expect.poll(async () => (await sent()).at(-1)).toBe(70);
    expect(await sent()).toEqual(numbers(70));
    await expect.poll(async () => (await next.bridge('out')).lag).toBe(0);
  });

  it.each(['fence', 'claim'] as const)(
    'shares no messages if it was paused after it had asked for the lease, before its first call "%s"',
    async (call) => {
      const bridges = { out: { ...connection(), from: { channel: 'orders' }, to: { stream: 'sink' } } };
      await redis.flushall();
      const pause = new Pause(0);
      onTestFinished(() => pause.end());
      const engine = createEngine(
        parseConfig({ ...GATEWAY, ...configOf('former', bridges) } as ConfigInput),
        systemClock,
      );
      const former = await start('former', bridges, { engine: pausing(engine, call, pause) });
      const publish = async (from: number, to: number) => {
        for (let n = from; n <= to; n++) await former.publish('orders', n);
      };
      await publish(1, 30);
      await pause.begun;
      const next = await start('next', bridges, { clock: fastClock });
      const sent = async () => (await redis.xrange('sink', '-', '+')).map(([, fields]) => Number(dataOf(fields)));
      await expect.poll(sent).toEqual(numbers(30));

      pause.end(); // it believes that it holds the lease
      await publish(31, 130);
      await expect.poll(async () => (await former.bridge('out')).node).toBe('next');
      await publish(131, 140);
      await expect.poll(async () => (await sent()).at(-1)).toBe(140);
      expect(await sent()).toEqual(numbers(140));
      await expect.poll(async () => (await next.bridge('out')).lag).toBe(0);
    },
  );
});

/** The engine, whose groups wait before they execute a call. */
function pausing(engine: Engine, call: 'fence' | 'claim', pause: Pause): Engine {
  const { groups } = engine;
  if (groups === undefined) throw new Error('the engine has no groups');
  const { fence, claim } = { fence: groups.fence.bind(groups), claim: groups.claim.bind(groups) };
  const wait = (of: typeof call) => (of === call ? pause.pass(1) : undefined);
  groups.fence = async (...args) => {
    await wait('fence');
    await fence(...args);
  };
  groups.claim = async (...args) => {
    await wait('claim');
    return claim(...args);
  };
  return engine;
}

const dataOf = (fields: readonly string[]): string | undefined => fields[fields.indexOf('data') + 1];

import { loadBridge } from '@sluice/bridges';
import type { ConfigInput } from '@sluice/server';
import { parseConfig } from '@sluice/server/cli-support';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type BridgeGateway, startGateway } from '../support/bridge-gateway.ts';
import type { BrokerServer } from '../support/broker-server.ts';
import { dataFolder } from '../support/data-folder.ts';
import { hurried } from '../support/hurried-bridges.ts';
import { runAndKillGateway } from '../support/killed-gateway.ts';
import { ModelHost } from '../support/model-host.ts';
import { missing } from '../support/programs.ts';
import { REDIS, startRedis } from '../support/redis-broker.ts';
import type { Produced } from './messages.ts';

/** One source of a real broker, such as a queue or a stream, empty at first. */
export interface SourceRig {
  /** The system's options and `from`, for `bridges` of the configuration. */
  readonly bridge: Readonly<Record<string, unknown>>;
  /** Resolves when the broker has stored them all; retries while it is away. */
  produce(messages: readonly Produced[]): Promise<void>;
  /** Sends one message with a body of any bytes. Absent: the broker has only text. */
  produceBytes?(body: Uint8Array): Promise<void>;
  /** How many messages were not acknowledged. */
  unacknowledged(): Promise<number>;
  /** Makes the broker deliver everything again from the beginning. Absent: it cannot. No gateway runs. */
  rewind?(): Promise<void>;
  close(): Promise<void>;
}

export interface SourceSuite {
  /** Why it is skipped; `false`: it runs. */
  readonly skip: string | false;
  /** Starts a broker, which stops at the end of the test file. Absent: the system has none. */
  readonly start?: () => Promise<BrokerServer>;
  readonly open: (server: BrokerServer) => Promise<SourceRig>;
  /** How the broker is stopped. Default: as hard as possible. */
  readonly kill?: 'SIGKILL' | 'SIGTERM';
  /** How many messages flow while the broker is killed. Default: 1,000. */
  readonly load?: number;
  /** Does its client send acknowledgements again after an outage? Then the broker repeats nothing. */
  readonly keepsAcknowledgements?: boolean;
  /** Does the source keep keys? */
  readonly hasKeys?: boolean;
  /** Does it keep the order of its messages? */
  readonly isOrdered?: boolean;
  /** Does the broker keep it also when it is killed? Default: as `isOrdered`. */
  readonly isOrderedAfterKill?: boolean;
}

const HISTORY = { history: { count: 100_000, age: '7d' } } as const;
const channels: NonNullable<ConfigInput['channels']> = {
  orders: HISTORY,
  'by-key:{key}': HISTORY,
  dead: HISTORY,
  small: { ...HISTORY, maxPayload: '64B' },
  'jobs:{kind}': { queue: { maxLength: 3 } },
};

const numbered = (from: number, to: number): Produced[] =>
  Array.from({ length: to - from + 1 }, (_, at) => ({ body: JSON.stringify({ n: from + at }) }));
const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => ({ n: from + at }));

const numberOf = (data: unknown): number => (data as { n: number }).n;
const sorted = (data: readonly unknown[]) => data.toSorted((a, b) => numberOf(a) - numberOf(b));

/** The suite that every source passes against its real broker. */
export function testSource(name: string, suite: SourceSuite): void {
  const {
    skip,
    start,
    open,
    hasKeys = true,
    isOrdered = true,
    isOrderedAfterKill = isOrdered,
    kill = 'SIGKILL',
    load = 1_000,
    keepsAcknowledgements = false,
  } = suite;
  describe.skipIf(skip)(`a bridge from ${name}`, () => {
    let server: BrokerServer | undefined;
    beforeAll(async () => {
      server = await start?.();
    });

    const openRig = async (): Promise<SourceRig> => {
      const rig = await open(server as BrokerServer); // unused if there is none
      onTestFinished(() => rig.close());
      return rig;
    };
    const run = (rig: SourceRig, more: object, engine: Partial<ConfigInput> = {}): Promise<BridgeGateway> =>
      startGateway({ channels, bridges: { in: { ...rig.bridge, ...more } }, ...engine });

    /** What was published; of a source without an order, sorted. */
    const inOrder = (data: readonly unknown[]): readonly unknown[] => (isOrdered ? data : sorted(data));
    const dataOf = async (gateway: BridgeGateway, channel: string): Promise<readonly unknown[]> =>
      inOrder(await gateway.data(channel));

    it('publishes every message once and in order, and acknowledges it', async () => {
      const rig = await openRig();
      await rig.produce(numbered(1, 40));
      const gateway = await run(rig, { to: { channel: 'orders' } });
      await expect.poll(() => dataOf(gateway, 'orders')).toEqual(numbers(1, 40));
      await rig.produce(numbered(41, 60));
      await expect.poll(() => dataOf(gateway, 'orders')).toEqual(numbers(1, 60));
      await expect.poll(() => rig.unacknowledged()).toBe(0);
      await gateway.close();
      expect(await rig.unacknowledged()).toBe(0);
    });

    it('has channel, event and tags by templates', async () => {
      const rig = await openRig();
      const to = {
        channel: hasKeys ? 'by-key:{key}' : 'by-key:{header:key}',
        event: '{header:type}',
        tags: { region: '{data:/place/region}', absent: '{header:absent}' },
      };
      const gateway = await run(rig, { to });
      const headers = { type: 'created', key: 'a b' };
      await rig.produce([{ body: '{"place":{"region":"eu"}}', key: 'a b', headers }]);
      await expect
        .poll(() => gateway.messages('by-key:a~20b'))
        .toMatchObject([{ event: 'created', data: { place: { region: 'eu' } }, tags: { region: 'eu' } }]);
    });

    it('publishes a body that is not UTF-8 as base64, and as a dead letter if text is expected', async (context) => {
      const bytes = Uint8Array.of(0xff, 0xfe, 0x00, 0x41);
      const encoded = Buffer.from(bytes).toString('base64');
      for (const data of ['base64', 'text'] as const) {
        const rig = await openRig();
        if (rig.produceBytes === undefined) return context.skip('this broker has no binary bodies');
        const gateway = await run(rig, { to: { channel: 'orders', data }, poison: { deadLetter: 'dead' } });
        await rig.produceBytes(bytes);
        if (data === 'base64') await expect.poll(() => gateway.data('orders')).toEqual([encoded]);
        else await expect.poll(() => gateway.data('dead')).toEqual([expect.objectContaining({ body: encoded })]);
      }
    });

    it('goes on where it was after the gateway was restarted', async () => {
      const rig = await openRig();
      const durable = { engine: 'durable', durable: { data: dataFolder() } } as const;
      const first = await run(rig, { to: { channel: 'orders' } }, durable);
      await rig.produce(numbered(1, 20));
      await expect.poll(() => dataOf(first, 'orders')).toHaveLength(20);
      await first.close();
      await rig.produce(numbered(21, 40));
      const second = await run(rig, { to: { channel: 'orders' } }, durable);
      await expect.poll(() => dataOf(second, 'orders')).toHaveLength(40);
      expect(await dataOf(second, 'orders')).toEqual(numbers(1, 40));
    });

    it('publishes nothing twice if the broker delivers everything again', async (context) => {
      const rig = await openRig();
      if (rig.rewind === undefined) return context.skip(`${name} cannot deliver acknowledged messages again`);
      const durable = { engine: 'durable', durable: { data: dataFolder() } } as const;
      const first = await run(rig, { to: { channel: 'orders' } }, durable);
      await rig.produce(numbered(1, 30));
      await expect.poll(() => dataOf(first, 'orders')).toHaveLength(30);
      await first.close();
      await rig.rewind();
      const second = await run(rig, { to: { channel: 'orders' } }, durable);
      await rig.produce(numbered(31, 40));
      await expect.poll(async () => (await dataOf(second, 'orders')).at(-1)).toEqual({ n: 40 });
      expect(await dataOf(second, 'orders')).toEqual(numbers(1, 40));
    });

    it('loses and repeats nothing when the broker is killed and restarted under load', async (context) => {
      if (server === undefined) return context.skip(`${name} has no broker`);
      const rig = await openRig();
      const gateway = await run(rig, { to: { channel: 'orders' } });
      const producing = (async () => {
        for (let from = 1; from <= load; from += 50) await rig.produce(numbered(from, from + 49));
      })();
      await expect.poll(async () => (await dataOf(gateway, 'orders')).length).toBeGreaterThan(load / 10);
      await server.stop(kill);
      await server.restart();
      await producing;
      // A producer that was cut off may have stored a message twice: that is another message.
      const seen = async () => [...new Set((await gateway.data('orders')).map(numberOf))];
      await expect.poll(async () => (await seen()).length).toBe(load);
      const all = await seen();
      expect(isOrderedAfterKill ? all : all.toSorted((a, b) => a - b)).toEqual(numbers(1, load).map(numberOf));
    });

    it('recognises what it has published if the broker is killed before it has the acknowledgement', async (context) => {
      if (server === undefined) return context.skip(`${name} has no broker`);
      const rig = await openRig();
      await rig.produce(numbered(1, 20));
      const bridges = { in: { ...rig.bridge, to: { channel: 'orders' } } };
      const [config] = parseConfig({ anonymous: true, channels, bridges } as ConfigInput).bridges;
      if (config === undefined) throw new Error('there is no bridge');
      const broker = server;
      const host = new ModelHost(async () => {
        await broker.stop(kill);
        await broker.restart();
      }, hurried);
      const bridge = await loadBridge(config, host);
      const stop = new AbortController();
      const running = bridge.run(stop.signal);
      const logged = () => (isOrderedAfterKill ? [...host.log] : sorted(host.log));
      await expect.poll(logged).toEqual(numbers(1, 20));
      await rig.produce(numbered(21, 30));
      await expect.poll(logged).toEqual(numbers(1, 30));
      stop.abort();
      await running;
      if (!keepsAcknowledgements) expect(host.repeats).toBeGreaterThan(0);
    });

    it('loses and repeats nothing when the gateway is killed between an append and its acknowledgement', async () => {
      const rig = await openRig();
      const durable = { engine: 'durable', durable: { data: dataFolder() } } as const;
      const bridges = { in: { ...rig.bridge, to: { channel: 'orders' }, inFlight: 10 } };
      await rig.produce(numbered(1, 20));
      await runAndKillGateway({ config: { channels, bridges, ...durable } as ConfigInput, at: 21 }, () =>
        rig.produce(numbered(21, 40)),
      );
      const second = await run(rig, { to: { channel: 'orders' } }, durable);
      expect((await second.data('orders')).length).toBeGreaterThan(20);
      await rig.produce(numbered(41, 50));
      await expect.poll(async () => (await dataOf(second, 'orders')).at(-1)).toEqual({ n: 50 });
      expect(await dataOf(second, 'orders')).toEqual(numbers(1, 50));
      await expect.poll(() => rig.unacknowledged()).toBe(0);
    });

    it('sends what cannot be published to the dead letters, and goes on', async () => {
      const rig = await openRig();
      const gateway = await run(rig, { to: { channel: 'small' }, poison: { deadLetter: 'dead' } });
      await rig.produce([
        { body: '{"n":1}' },
        // It is refused after the one behind it was found unreadable.
        { body: JSON.stringify({ n: 'x'.repeat(100) }) },
        { body: 'no JSON' },
        { body: '{"n":2}' },
      ]);
      await expect.poll(() => dataOf(gateway, 'small')).toEqual([{ n: 1 }, { n: 2 }]);
      await expect.poll(() => gateway.data('dead')).toHaveLength(2);
      const letters = await gateway.messages('dead');
      const body = Buffer.from('no JSON').toString('base64');
      expect(letters).toContainEqual(
        expect.objectContaining({
          event: 'dead_letter',
          data: expect.objectContaining({ bridge: 'in', reason: 'the body is not JSON', body }),
        }),
      );
      expect(letters.map(({ tags }) => tags?.['x-reason'])).toContainEqual(
        expect.stringContaining('payload_too_large'),
      );
      await expect.poll(() => rig.unacknowledged()).toBe(0);
    });

    it('stops at what cannot be published, unless its "poison" says otherwise', async () => {
      const rig = await openRig();
      // Before it starts, so that it reads all of them at once.
      await rig.produce([
        ...(isOrdered ? numbered(1, 2) : []),
        { body: 'no JSON' },
        ...(isOrdered ? numbered(3, 3) : []),
      ]);
      const gateway = await run(rig, { to: { channel: 'orders' } });
      await expect.poll(async () => (await gateway.bridge('in')).state).toBe('failed');
      expect((await gateway.bridge('in')).error).toMatch(/(message|position) \S+: the body is not JSON/);
      expect(await dataOf(gateway, 'orders')).toEqual(isOrdered ? numbers(1, 2) : []);
    });

    it('stops at what the gateway refuses, and publishes it and what comes after it once the rule is corrected', async () => {
      const rig = await openRig();
      const durable = { engine: 'durable', durable: { data: dataFolder() } } as const;
      const large = JSON.stringify({ n: 2, filler: 'x'.repeat(100) });
      // Before it starts, so that it reads all of them at once.
      await rig.produce([...numbered(1, 1), { body: large }, ...numbered(3, 4)]);
      const first = await run(rig, { to: { channel: 'small' } }, durable);
      await expect.poll(async () => (await first.bridge('in')).state).toBe('failed');
      expect((await first.bridge('in')).error).toContain('payload_too_large');
      await first.close();
      const corrected = { ...channels, small: HISTORY };
      const second = await run(rig, { to: { channel: 'small' } }, { ...durable, channels: corrected });
      await expect.poll(async () => (await dataOf(second, 'small')).map(numberOf)).toEqual([1, 2, 3, 4]);
    });

    it('holds while the gateway accepts nothing, and keeps the order', async () => {
      const rig = await openRig();
      const gateway = await run(rig, { to: { channel: 'jobs:a' } });
      await rig.produce(numbered(1, 10));
      await expect.poll(async () => (await gateway.bridge('in')).state).toBe('holding');
      expect((await gateway.bridge('in')).error).toContain('queue_full');
      const seen: unknown[] = [];
      const stop = gateway.consume('jobs:a', ({ message }) => void seen.push(message.data));
      await expect.poll(() => seen).toHaveLength(10);
      await stop();
      expect(inOrder(seen)).toEqual(numbers(1, 10));
      await expect.poll(() => rig.unacknowledged()).toBe(0);
    });

    it('drops what it has sent itself from the same channel', async () => {
      const rig = await openRig();
      const gateway = await run(rig, { origin: 'sluice', to: { channel: 'orders' } });
      const headers = { 'sluice-origin': 'sluice', 'sluice-channel': 'orders' };
      await rig.produce([
        { body: '{"n":1}', headers },
        { body: '{"n":2}', headers: { ...headers, 'sluice-origin': 'another' } },
        { body: '{"n":3}', headers: { ...headers, 'sluice-channel': 'another' } },
      ]);
      await expect.poll(() => dataOf(gateway, 'orders')).toEqual([{ n: 2 }, { n: 3 }]);
    });

    it.skipIf(missing(REDIS, 'there is no redis-server'))('moves to another gateway when its own stops', async () => {
      const redis = await startRedis();
      onTestFinished(() => redis.remove());
      const engine = { engine: 'redis', redis: { url: `redis://127.0.0.1:${redis.port}` } } as const;
      const rig = await openRig();
      const first = await run(rig, { to: { channel: 'orders' } }, engine);
      await rig.produce(numbered(1, 20));
      await expect.poll(() => dataOf(first, 'orders')).toEqual(numbers(1, 20));
      const second = await run(rig, { to: { channel: 'orders' } }, engine);
      await rig.produce(numbered(21, 40));
      await expect.poll(() => dataOf(second, 'orders')).toHaveLength(40);
      await first.close();
      await rig.produce(numbered(41, 60));
      await expect.poll(() => dataOf(second, 'orders')).toHaveLength(60);
      expect(await dataOf(second, 'orders')).toEqual(numbers(1, 60));
    });

    it('waits for a broker that is away at the start', async (context) => {
      if (server === undefined) return context.skip(`${name} has no broker`);
      const rig = await openRig();
      await rig.produce(numbered(1, 1));
      await server.stop(kill);
      const gateway = await run(rig, { to: { channel: 'orders' } });
      await expect.poll(async () => (await gateway.bridge('in')).state).toBe('waiting');
      await server.restart();
      await expect.poll(() => dataOf(gateway, 'orders')).toEqual([{ n: 1 }]);
    });
  });
}

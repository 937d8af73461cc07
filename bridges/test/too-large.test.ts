import type { ConfigInput } from '@sluice/server';
import type { BridgesPackage } from '@sluice/server/bridging';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { SinkRecord } from '../src/sink.ts';
import { SinkRunner } from '../src/sink-runner.ts';
import { requireSizes } from '../src/too-large.ts';
import { Unroutable } from '../src/unroutable.ts';
import { type BridgeGateway, startGateway } from './support/bridge-gateway.ts';
import { dataFolder } from './support/data-folder.ts';
import { missing } from './support/programs.ts';
import { REDIS, startRedis } from './support/redis-broker.ts';

/** Dead letters that a group lists. */
const MOST_DEAD = 10_000;

/** A broker in memory, whose limit an operator may raise. */
class Broker {
  limit = 100;
  /** Offsets of messages that nothing accepts. */
  refuses: RegExp | undefined;
  readonly records: SinkRecord[] = [];

  readonly bridges = async (): Promise<BridgesPackage> => ({
    loadBridge: async (config, host) => {
      if (config.direction === 'in') throw new Error('the broker has only a sink');
      return new SinkRunner({ config, host, sink: { attributePrefix: 'ce_', open: async () => this.#open() } });
    },
  });

  #open() {
    return {
      send: async (records: readonly SinkRecord[]) => {
        const sizeOf = ({ body }: SinkRecord) => (body.includes('too_large') ? 0 : body.length);
        requireSizes(records, { most: this.limit, sizeOf, limit: `it accepts ${this.limit} bytes` });
        const refused = records.find(({ offset }) => this.refuses?.test(`${offset}`));
        if (refused !== undefined) throw new Unroutable([refused], 'nothing accepts it');
        this.records.push(...records);
      },
      close: async () => {},
    };
  }

  get ids(): readonly string[] {
    return this.records.map(({ id }) => id.replace(/^audit\/[^/]+\//, ''));
  }
}

interface Dead {
  readonly total: number;
  readonly letters: readonly { readonly error?: string; readonly message: { readonly offset: number } }[];
}

const GROUP = '/channels/audit/groups/bridge%2Fout';
const deadOf = (gateway: BridgeGateway) => gateway.get<Dead>(`${GROUP}/dead`);

function start(broker: Broker, engine: Partial<ConfigInput> = {}): Promise<BridgeGateway> {
  const config: ConfigInput = {
    channels: { audit: { history: { count: 20_000, age: '1d' } } },
    bridges: { out: { redis: { url: 'redis://127.0.0.1' }, from: { channel: 'audit' }, to: { stream: 'audit' } } },
  };
  return startGateway({ ...config, ...engine } as ConfigInput, { bridges: broker.bridges });
}

const ENGINES = [
  { name: 'memory', skip: false, open: async (): Promise<Partial<ConfigInput>> => ({}) },
  {
    ...{ name: 'durable', skip: false },
    open: async (): Promise<Partial<ConfigInput>> => ({ engine: 'durable', durable: { data: dataFolder() } }),
  },
  {
    ...{ name: 'redis', skip: missing(REDIS, 'there is no redis-server') },
    open: async (): Promise<Partial<ConfigInput>> => {
      const redis = await startRedis();
      onTestFinished(() => redis.remove());
      return { engine: 'redis', redis: { url: `redis://127.0.0.1:${redis.port}` } };
    },
  },
];

describe.each(ENGINES)('with the $name engine, a message that is too large for the broker', ({ skip, open }) => {
  it.skipIf(skip)('is a dead letter of the group, and is sent by a redrive', async () => {
    const broker = new Broker();
    const gateway = await start(broker, await open());
    for (const size of [1, 200, 2, 300, 3]) await gateway.publish('audit', 'x'.repeat(size));
    await expect.poll(async () => (await gateway.bridge('out')).counts).toEqual({ sent: 3, dead_lettered: 2 });
    expect(new Set(broker.ids)).toEqual(new Set(['1', '2/dead', '3', '4/dead', '5']));
    const { letters } = await deadOf(gateway);
    expect(letters.map(({ message, error }) => [message.offset, error])).toEqual([
      [2, 'it accepts 100 bytes'],
      [4, 'it accepts 100 bytes'],
    ]);
    expect(await gateway.bridge('out')).toMatchObject({ state: 'running', lag: 0 });
    broker.limit = 1_000;
    await gateway.post(`${GROUP}/redrive`);
    await expect.poll(() => broker.ids.slice(-2)).toEqual(['2', '4']);
    await expect.poll(async () => (await deadOf(gateway)).total).toBe(0);
    await gateway.publish('audit', 'x');
    await expect.poll(() => broker.ids.at(-1)).toBe('6');
  });
});

it('a full list of dead letters does not hold the bridge up, and what it has no room for is lost', async () => {
  const broker = new Broker();
  const gateway = await start(broker);
  const data = 'x'.repeat(200);
  for (let n = 0; n < MOST_DEAD + 5; n++) await gateway.publish('audit', data);
  await gateway.publish('audit', 'x');
  await expect.poll(async () => (await gateway.bridge('out')).counts.sent).toBe(1);
  expect((await gateway.bridge('out')).counts).toEqual({ sent: 1, dead_lettered: MOST_DEAD, lost: 5 });
  expect((await deadOf(gateway)).total).toBe(MOST_DEAD);
  expect(broker.ids.at(-1)).toBe(`${MOST_DEAD + 6}`);
});

it('a message at which a bridge waits is skipped by a seek behind it', async () => {
  const broker = new Broker();
  broker.refuses = /^3$/;
  const gateway = await start(broker);
  for (let n = 1; n <= 5; n++) await gateway.publish('audit', n);
  await expect.poll(async () => (await gateway.bridge('out')).error).toContain('nothing accepts');
  await gateway.post(`${GROUP}/seek`, { offset: 3 });
  await expect.poll(() => broker.ids.at(-1)).toBe('5');
  expect(broker.ids).not.toContain('3');
  await expect.poll(async () => (await gateway.bridge('out')).lag).toBe(0);
});

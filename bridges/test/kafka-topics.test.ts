import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type BridgeGateway, startGateway } from './support/bridge-gateway.ts';
import type { BrokerServer } from './support/broker-server.ts';
import { guideBridges, guideText } from './support/guide.ts';
import { noKafka, startKafka } from './support/kafka-broker.ts';
import { KafkaTestClient } from './support/kafka-client.ts';
import { missing } from './support/programs.ts';
import { REDIS, startRedis } from './support/redis-broker.ts';

const HISTORY = { history: { count: 100_000, age: '7d' } } as const;
const channels = { orders: HISTORY, 'orders:{key}': HISTORY, 'bridge-dead': HISTORY, audit: HISTORY };

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => ({ n: from + at }));

/** The record of the guide's first command, by the rules of Kafka's console producer. */
function guideRecord() {
  const command = /printf '([^']*)\\n' \| kafka-console-producer\.sh.*?```/s.exec(guideText('kafka'));
  const [all = '', line = ''] = command ?? [];
  for (const property of ['parse.headers=true', 'parse.key=true', 'key.separator=:']) expect(all).toContain(property);
  const [headers = '', rest = ''] = line.split('\\t');
  const [header = '', value = ''] = headers.split(':');
  const at = rest.indexOf(':');
  return { headers: { [header]: value }, key: rest.slice(0, at), value: rest.slice(at + 1) };
}

describe.skipIf(noKafka)('topics of Kafka', () => {
  let server: BrokerServer;
  let client: KafkaTestClient;
  let kafka: { brokers: string[] };
  let topics = 0;
  beforeAll(async () => {
    server = await startKafka();
    client = new KafkaTestClient(server.port);
    kafka = { brokers: [`127.0.0.1:${server.port}`] };
  });
  afterAll(async () => {
    await client?.close();
    await server?.remove();
  });

  const newTopic = () => `topic-${++topics}`;
  const read = (topic: string | string[], more: object = {}, engine: object = {}): Promise<BridgeGateway> => {
    const names = [topic].flat();
    const from = { topics: names, group: names[0], ...more };
    return startGateway({ channels, bridges: { in: { kafka, from, to: { channel: 'orders' } } }, ...engine });
  };
  const produce = async (topic: string, from: number, to: number, partition = 0): Promise<void> => {
    const messages = numbers(from, to).map((value) => ({ topic, value: JSON.stringify(value), partition }));
    await client.producer.send({ messages });
  };

  it('are read and written as the guide says', async () => {
    const [orders, audit] = guideBridges('kafka');
    await client.createTopic('orders');
    await client.createTopic('audit');
    const gateway = await startGateway({
      channels,
      bridges: { orders: { ...orders, kafka }, audit: { ...audit, kafka } },
    });
    await client.producer.send({ messages: [{ topic: 'orders', ...guideRecord() }] });
    await expect.poll(() => gateway.messages('orders:42')).toMatchObject([{ data: { total: 99 }, event: 'created' }]);
    await gateway.publish('audit', { by: 'anna' });
    await expect.poll(() => client.read('audit')).toHaveLength(1);
    const [sent] = await client.read('audit');
    expect(sent).toMatchObject({ key: 'audit', body: '{"by":"anna"}', headers: { ce_subject: 'audit' } });
  });

  it('are read together, each partition in its order', async () => {
    const [one, two] = [newTopic(), newTopic()];
    await client.createTopic(one, 3);
    await client.createTopic(two, 2);
    const gateway = await startGateway({
      channels,
      bridges: { in: { kafka, from: { topics: [one, two], group: one }, to: { channel: 'orders:{data:/at}' } } },
    });
    const places = [...[0, 1, 2].map((at) => [one, at] as const), ...[0, 1].map((at) => [two, at] as const)];
    for (let n = 1; n <= 30; n++) {
      const messages = places.map(([topic, partition]) => ({
        ...{ topic, partition },
        value: JSON.stringify({ at: `${topic}-${partition}`, n }),
      }));
      await client.producer.send({ messages });
    }
    for (const [topic, partition] of places) {
      const at = `${topic}-${partition}`;
      await expect.poll(() => gateway.data(`orders:${at}`)).toEqual(numbers(1, 30).map(({ n }) => ({ at, n })));
    }
  });

  it('need not exist at the start', async () => {
    const topic = newTopic();
    const gateway = await read(topic);
    await expect.poll(async () => (await gateway.bridge('in')).error).toBe(`Unknown topic ${topic}.`);
    await client.createTopic(topic);
    await produce(topic, 1, 2);
    await expect.poll(() => gateway.data('orders')).toEqual(numbers(1, 2));
  });

  it.each(['oldest', 'newest'])(
    'that are deleted and created again have new messages, though their offsets are the same (%s)',
    async (start) => {
      const topic = newTopic();
      await client.createTopic(topic);
      const gateway = await read(topic, { start });
      await expect.poll(async () => (await gateway.bridge('in')).state).toBe('running');
      await produce(topic, 1, 5);
      await expect.poll(() => gateway.data('orders')).toEqual(numbers(1, 5));
      await client.admin.deleteTopics({ topics: [topic] });
      await expect.poll(async () => (await gateway.bridge('in')).state).toBe('waiting');
      await client.createTopic(topic);
      await produce(topic, 6, 8);
      await expect.poll(() => gateway.data('orders')).toEqual(numbers(1, 8));
    },
  );

  it.each(['oldest', 'newest'])('that get more partitions are read completely (%s)', async (start) => {
    const topic = newTopic();
    await client.createTopic(topic);
    const gateway = await read(topic, { start });
    await expect.poll(async () => (await gateway.bridge('in')).state).toBe('running');
    await produce(topic, 1, 1);
    await expect.poll(() => gateway.data('orders')).toEqual(numbers(1, 1));
    await client.admin.createPartitions({ topics: [{ name: topic, count: 2, assignments: [{ brokerIds: [1] }] }] });
    client.producer.clearMetadata();
    // Before the bridge notices the partition.
    await produce(topic, 2, 2, 1);
    await expect.poll(() => gateway.data('orders')).toEqual(numbers(1, 2));
  });

  it('begin at their end with `start: newest`, also if the gateway restarts before the first message', async () => {
    const topic = newTopic();
    await client.createTopic(topic);
    await produce(topic, 1, 3);
    const first = await read(topic, { start: 'newest' });
    await expect.poll(async () => (await first.bridge('in')).state).toBe('running');
    await first.close();
    await produce(topic, 4, 5);
    const second = await read(topic, { start: 'newest' });
    await expect.poll(() => second.data('orders')).toEqual(numbers(4, 5));
  });

  it('are read from their oldest record, and not silently, if Kafka has removed what was not read', async () => {
    const topic = newTopic();
    await client.createTopic(topic);
    await produce(topic, 1, 2);
    const first = await read(topic);
    await expect.poll(() => first.data('orders')).toEqual(numbers(1, 2));
    await first.close();
    await produce(topic, 3, 6);
    await client.admin.deleteRecords({ topics: [{ name: topic, partitions: [{ partition: 0, offset: 5n }] }] });
    const second = await read(topic);
    await expect.poll(() => second.data('orders')).toEqual(numbers(6, 6));
    const { error, counts } = await second.bridge('in');
    expect(error).toContain(`${topic}/0 from 2, it goes on at 5`);
    expect(counts.lost).toBe(3);
  });

  it('do not show records of aborted transactions, however many there are', async () => {
    const topic = newTopic();
    await client.createTopic(topic);
    const gateway = await read(topic, { maxBytes: '16KiB' });
    const transactional = client.transactional();
    const send = async (n: number) => {
      const messages = [{ topic, value: JSON.stringify({ n, filler: 'x'.repeat(1_000) }) }];
      return { messages };
    };
    for (const [from, to, ends] of [
      [1, 2, 'commit'],
      [3, 80, 'abort'],
      [81, 82, 'commit'],
    ] as const) {
      const transaction = await transactional.beginTransaction();
      for (let n = from; n <= to; n++) await transaction.send(await send(n));
      await (ends === 'commit' ? transaction.commit() : transaction.abort());
    }
    await expect
      .poll(async () => (await gateway.data('orders')).map((data) => (data as { n: number }).n))
      .toEqual([1, 2, 81, 82]);
    await expect.poll(() => client.uncommitted(topic, topic)).toBeLessThanOrEqual(1); // the end of the transaction
  });

  it('have records without a value, with compression, and with keys that are not text', async () => {
    const topic = newTopic();
    await client.createTopic(topic);
    const gateway = await startGateway({
      channels,
      bridges: { in: { kafka, from: { topics: [topic], group: topic }, to: { channel: 'orders:{key}' } } },
    });
    await client.sendBytes({ topic, key: Buffer.from('a'), value: null });
    await client.sendBytes({ topic, key: Buffer.from([0xff, 0xfe]), value: Buffer.from('1') }, 'snappy');
    await client.sendBytes({ topic, key: Buffer.from('b'), value: Buffer.from('2') }, 'lz4');
    await expect.poll(() => gateway.data('orders:a')).toEqual([null]);
    await expect.poll(() => gateway.data('orders:~2F~2F4=')).toEqual([1]);
    await expect.poll(() => gateway.data('orders:b')).toEqual([2]);
  });

  it('may have more records in a compressed batch than a function may have arguments', async () => {
    const topic = newTopic();
    await client.createTopic(topic);
    const count = 200_000;
    const value = Buffer.from('no JSON');
    await client.sendAllBytes(
      Array.from({ length: count }, () => ({ topic, value })),
      'snappy',
    );
    const from = { topics: [topic], group: topic };
    const gateway = await startGateway({
      channels,
      bridges: { in: { kafka, from, to: { channel: 'orders' }, poison: 'skip' } },
    });
    await expect.poll(async () => (await gateway.bridge('in')).counts.skipped).toBe(count);
  });

  it('are each read by their own bridge, although two bridges of two gateways are in one group', async () => {
    const [one, two] = [newTopic(), newTopic()];
    await client.createTopic(one, 2);
    await client.createTopic(two, 2);
    const first = await read(one, { group: one });
    const second = await read([one, two], { group: one });
    for (const partition of [0, 1]) {
      await produce(one, 1, 5, partition);
      await produce(two, 6, 10, partition);
    }
    const both = async () => [...(await first.data('orders')), ...(await second.data('orders'))];
    await expect.poll(async () => (await both()).length).toBe(20);
    expect(await first.data('orders')).not.toContainEqual({ n: 6 });
    expect((await first.bridge('in')).error).toBeNull();
  });

  it.skipIf(missing(REDIS, 'there is no redis-server'))(
    'are shared by the nodes of a cluster, and no message is lost or repeated when nodes come and go',
    async () => {
      const redis = await startRedis();
      onTestFinished(() => redis.remove());
      const topic = newTopic();
      await client.createTopic(topic, 4);
      const start = () =>
        startGateway({
          ...{ channels, engine: 'redis', redis: { url: `redis://127.0.0.1:${redis.port}` } },
          bridges: { in: { kafka, from: { topics: [topic], group: topic }, to: { channel: 'orders:{data:/p}' } } },
        });
      const publish = async (from: number, to: number) => {
        for (let n = from; n <= to; n++) {
          const messages = [0, 1, 2, 3].map((p) => ({ topic, partition: p, value: JSON.stringify({ p, n }) }));
          await client.producer.send({ messages });
        }
      };
      const published = async (gateway: BridgeGateway) => (await gateway.bridge('in')).counts.published ?? 0;
      const first = await start();
      await publish(1, 20);
      await expect.poll(() => published(first)).toBe(80);
      const second = await start();
      let stop = false;
      let latest = 20;
      const publishing = (async () => {
        while (!stop) await publish(++latest, latest);
      })();
      await expect.poll(() => published(second)).toBeGreaterThan(20);
      const before = await published(first);
      await expect.poll(() => published(first)).toBeGreaterThan(before);
      await first.close();
      const third = await start();
      await expect.poll(() => published(third)).toBeGreaterThan(20);
      stop = true;
      await publishing;
      for (const p of [0, 1, 2, 3]) {
        await expect.poll(async () => (await third.data(`orders:${p}`)).at(-1)).toEqual({ p, n: latest });
        expect(await third.data(`orders:${p}`)).toEqual(numbers(1, latest).map(({ n }) => ({ p, n })));
      }
    },
  );
});

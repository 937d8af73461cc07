import type { OutboundBridge } from '@sluice/server/bridging';
import { describe, expect, it } from 'vitest';
import { countHeld } from '../../../client-sdk/test/support/garbage.ts';
import type { SinkRecord } from '../sink.ts';
import type { KafkaClient } from './kafka-connection.ts';
import { KafkaSink } from './kafka-sink.ts';

/** A client whose producer does what a test says. */
function clientWith(send: (request: { readonly messages: readonly object[] }) => Promise<object>): KafkaClient {
  class Producer {
    async initIdempotentProducer(): Promise<void> {}
    send = send;
    async close(): Promise<void> {}
  }
  return { Producer, compatibilityPartitioner: () => 0 } as unknown as KafkaClient;
}

const config = {
  connection: { brokers: ['localhost:9092'] },
  to: { topic: 'audit', key: '{channel}' },
} as unknown as OutboundBridge;

const record: SinkRecord = {
  ...{ id: 'c/e/1', channel: 'c', epoch: 'e', offset: 1, event: undefined, tags: {}, headers: {} },
  ...{ contentType: 'application/json', body: Buffer.from('1') },
};

it.each([
  ['signed-in', 'signed-in'],
  [undefined, undefined],
])('the event "%s" is a header', async (event, expected) => {
  let headers = new Map<string, string>();
  const client = clientWith(async ({ messages }) => {
    const [first] = messages as readonly { headers: ReadonlyMap<Buffer, Buffer> }[];
    headers = new Map([...(first?.headers ?? [])].map(([name, value]) => [name.toString(), value.toString()]));
    return {};
  });
  const sink = await new KafkaSink(client, config).open();
  await sink.send([{ ...record, event }]);
  await sink.close();
  expect(headers.get('event')).toBe(expected);
  expect(headers.get('content-type')).toBe('application/json');
});

it('keeps nothing of what was sent', async () => {
  const answers: WeakRef<object>[] = [];
  const client = clientWith(async () => {
    const answer = { offsets: [] };
    answers.push(new WeakRef(answer));
    return answer;
  });
  const sink = await new KafkaSink(client, config).open();
  for (let at = 0; at < 5; at++) await sink.send([record]);
  expect(await countHeld(answers)).toBe(0);
  await sink.close();
});

it('ends a send that waits when it is closed', async () => {
  const sink = await new KafkaSink(
    clientWith(() => new Promise(() => {})),
    config,
  ).open();
  const sending = sink.send([record]);
  await sink.close();
  await expect(sending).rejects.toThrow('the sink was closed');
});

it.each([
  ['{event}', 'signed.in', 'signed.in'],
  ['{event}', '.', '_'],
  ['{event}', '..', '_'],
  ['{event}', '...', '...'],
  ['audit.{event}', '.', 'audit..'],
  ['{event}', '漢 /', '___'],
  ['{event}', 'x'.repeat(300), 'x'.repeat(249)],
])('the topic "%s" of the event "%s" is one that Kafka accepts', async (topic, event, expected) => {
  let topics: unknown[] = [];
  const client = clientWith(async ({ messages }) => {
    topics = messages.map((message) => (message as { topic: string }).topic);
    return {};
  });
  const sink = await new KafkaSink(client, { ...config, to: { ...config.to, topic } }).open();
  await sink.send([{ ...record, event }]);
  await sink.close();
  expect(topics).toEqual([expected]);
});

describe('a topic with a small limit', () => {
  const numbered = (to: number, size: number): SinkRecord[] =>
    Array.from({ length: to }, (_, at) => ({ ...record, id: `c/e/${at + 1}`, body: Buffer.alloc(size, `${at % 10}`) }));

  /** A client whose topic accepts batches up to a size. */
  function limited(most: number) {
    const batches: number[] = [];
    const stored: unknown[] = [];
    const client = clientWith(async ({ messages }) => {
      const bodies = messages.map((message) => (message as { value: Buffer }).value);
      const size = bodies.reduce((sum, { length }) => sum + length, 0);
      batches.push(bodies.length);
      const inner = Object.assign(new Error('larger than the max message size'), { apiCode: 10 });
      if (size > most) throw Object.assign(new Error('failed'), { errors: [inner] });
      stored.push(...bodies);
      return {};
    });
    return { client, batches, stored };
  }

  it('gets smaller batches, in order, and remembers how large they may be', async () => {
    const { client, batches, stored } = limited(20_000);
    const sink = new KafkaSink(client, config);
    const records = numbered(60, 1_000);
    const first = await sink.open();
    await first.send(records);
    expect(stored).toEqual(records.map(({ body }) => body));
    await first.close();
    batches.length = 0;
    await (await sink.open()).send(records);
    expect(Math.max(...batches)).toBeLessThanOrEqual(20);
    expect(stored).toHaveLength(120);
  });

  it('reports the record that is too large for it', async () => {
    const { client, stored } = limited(20_000);
    const [first, second, third] = numbered(3, 1_000) as [SinkRecord, SinkRecord, SinkRecord];
    const large = { ...second, body: Buffer.alloc(30_000) };
    const sink = await new KafkaSink(client, config).open();
    await expect(sink.send([first, large, third])).rejects.toMatchObject({ name: 'TooLarge', ids: ['c/e/2'] });
    expect(stored).toEqual([first.body]);
  });

  it('reports all later records that are as large at once', async () => {
    const { client } = limited(20_000);
    const sizes = [10, 30_000, 10, 40_000, 29_999, 30_000];
    const records = sizes.map((size, at) => ({ ...record, id: `c/e/${at + 1}`, body: Buffer.alloc(size) }));
    const sink = await new KafkaSink(client, config).open();
    const ids = ['c/e/2', 'c/e/4', 'c/e/6'];
    await expect(sink.send(records)).rejects.toMatchObject({ name: 'TooLarge', ids });
  });
});

it('sends to the topics that exist, up to the first message whose topic does not', async () => {
  const stored: string[] = [];
  const client = clientWith(async ({ messages }) => {
    const topics = (messages as readonly { readonly topic: string }[]).map(({ topic }) => topic);
    if (topics.includes('none')) throw Object.assign(new Error('unknown topic'), { apiCode: 3 });
    stored.push(...topics);
    return {};
  });
  const to = { topic: '{event}', key: '{channel}' };
  const sink = await new KafkaSink(client, { ...config, to } as OutboundBridge).open();
  const records = ['a', 'a', 'b', 'none', 'none', 'a'].map((event, at) => ({ ...record, id: `c/e/${at}`, event }));
  const confirmed: number[] = [];
  const sending = sink.send(records, (at) => confirmed.push(at));
  await expect(sending).rejects.toMatchObject({ name: 'Unroutable', ids: ['c/e/3', 'c/e/4'] });
  await expect(sending).rejects.toThrow('there is no topic "none", or the user may not write to it');
  expect(stored).toEqual(['a', 'a', 'b']);
  expect([...new Set(confirmed)]).toEqual([0, 1, 2]);
});

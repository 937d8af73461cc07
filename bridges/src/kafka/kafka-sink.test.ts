import type { OutboundBridge } from '@sluice/server/bridging';
import { expect, it } from 'vitest';
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

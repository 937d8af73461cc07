import { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';
import type { OutboundBridge } from '@sluice/server/bridging';
import { expect, it } from 'vitest';
import type { SinkRecord } from '../sink.ts';
import type { AmqpClient } from './rabbitmq-connection.ts';
import { RabbitSink } from './rabbitmq-sink.ts';

interface Published {
  readonly key: string;
  readonly options: { readonly type?: string; readonly messageId: string; readonly headers: Record<string, string> };
}

const { encodeMethod, encodeProperties, BasicPublish, BasicProperties } = createRequire(import.meta.url)(
  createRequire(import.meta.url)
    .resolve('amqplib')
    .replace(/channel_api\.js$/, 'lib/defs.js'),
) as {
  readonly BasicPublish: number;
  readonly BasicProperties: number;
  encodeMethod(id: number, channel: number, fields: object): Buffer;
  encodeProperties(id: number, channel: number, size: number, fields: object): Buffer;
};

/** What the sink publishes of a record. It is encoded as the client does, which refuses what is too long. */
async function publish(record: SinkRecord, routingKey = 'audit.{event}'): Promise<Published> {
  let published: Published | undefined;
  const channel = Object.assign(new EventEmitter(), {
    publish: (exchange: string, key: string, _: Buffer, options: Published['options'], confirm: () => void) => {
      published = { key, options };
      encodeMethod(BasicPublish, 1, { exchange, routingKey: key });
      encodeProperties(BasicProperties, 1, 1, options);
      confirm();
    },
  });
  const model = Object.assign(new EventEmitter(), {
    createConfirmChannel: async () => channel,
    close: async () => {},
  });
  const config = { connection: { url: 'amqp://localhost' }, to: { routingKey } } as unknown as OutboundBridge;
  const sink = await new RabbitSink({ connect: async () => model } as unknown as AmqpClient, config).open();
  await sink.send([record]);
  await sink.close();
  if (published === undefined) throw new Error('nothing was published');
  return published;
}

const record = (event: string | undefined, more: Partial<SinkRecord> = {}): SinkRecord => ({
  ...{ id: 'c/e/1', channel: 'c', epoch: 'e', offset: 1, event, tags: {}, headers: {} },
  ...{ contentType: 'application/json', body: Buffer.from('1'), ...more },
});

it.each([
  ['none', undefined, undefined, undefined, 'audit.message'],
  ['short', 'signed-in', 'signed-in', undefined, 'audit.signed-in'],
  ['128 characters of 3 bytes', '漢'.repeat(128), undefined, '漢'.repeat(128), `audit.${'漢'.repeat(83)}`],
  ['64 characters of 4 bytes', '😀'.repeat(64), undefined, '😀'.repeat(64), `audit.${'😀'.repeat(62)}`],
])('an event, %s, is the type of a message, or a header if it is too long', async (_, event, type, header, key) => {
  const published = await publish(record(event));
  expect([published.options.type, published.options.headers.event, published.key]).toEqual([type, header, key]);
});

it('the longest channel, epoch and tags can be written', async () => {
  const tags = Object.fromEntries(
    Array.from({ length: 16 }, (_, at) => [`${at % 10}${'漢'.repeat(63)}`, '漢'.repeat(256)]),
  );
  const id = `${'c'.repeat(200)}/${'e'.repeat(128)}/${Number.MAX_SAFE_INTEGER}`;
  const published = await publish(record('a', { id, tags }), '{channel}.{tag:absent}');
  expect(published.options.messageId).toHaveLength(255);
});

it('reports each message that no queue accepts, and each other one as confirmed', async () => {
  const confirms: (() => void)[] = [];
  const channel = Object.assign(new EventEmitter(), {
    publish: (_: string, key: string, __: Buffer, properties: object, confirm: () => void) => {
      confirms.push(() => {
        if (key === 'none') channel.emit('return', { properties });
        confirm();
      });
    },
  });
  const model = Object.assign(new EventEmitter(), { createConfirmChannel: async () => channel, close: async () => {} });
  const config = {
    connection: { url: 'amqp://localhost' },
    to: { routingKey: '{event}' },
  } as unknown as OutboundBridge;
  const sink = await new RabbitSink({ connect: async () => model } as unknown as AmqpClient, config).open();
  // Their message ids are the same, because they are cut.
  const long = 'c'.repeat(300);
  const records = ['one', 'none', 'two', 'none'].map((event, at) =>
    record(event, { id: `${long}/${at}`, headers: { 'sluice-id': `${long}/${at}` } }),
  );
  const confirmed: number[] = [];
  const sending = sink.send(records, (at) => confirmed.push(at));
  for (const confirm of confirms) confirm();
  await expect(sending).rejects.toMatchObject({
    ...{ name: 'Unroutable', ids: [`${long}/1`, `${long}/3`] },
    message: 'no queue accepts the routing key "none" of the exchange ""',
  });
  expect(confirmed).toEqual([0, 2]);
  await sink.close();
});

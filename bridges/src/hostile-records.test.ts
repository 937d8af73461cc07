/** Records as hostile producers write them. A bridge must get past each: an error of the connection would come again with the next one. */

import type { Message as SqsMessage } from '@aws-sdk/client-sqs';
import type { Message as PubsubMessage } from '@google-cloud/pubsub';
import { MsgHdrsImpl } from '@nats-io/transport-node';
import type { InboundBridge } from '@sluice/server/bridging';
import type { ConsumeMessage } from 'amqplib';
import fc from 'fast-check';
import rhea, { type Message as AmqpMessage, type Container } from 'rhea';
import { describe, expect, it } from 'vitest';
import { recordOf as activemqRecord, idOf } from './activemq/activemq-record.ts';
import { decodeAnything } from './activemq/decode-anything.ts';
import { DeadLetter } from './dead-letter.ts';
import { recordsOf as kafkaRecords } from './kafka/kafka-records.ts';
import { mapRecord } from './mapping.ts';
import { headersOf } from './nats/nats-headers.ts';
import { recordOf as outboxRecord } from './postgres/outbox-row.ts';
import { recordOf as pubsubRecord } from './pubsub/pubsub-record.ts';
import { contentOf as rabbitContent } from './rabbitmq/rabbitmq-message.ts';
import { recordOf as redisRecord } from './redis/redis-record.ts';
import type { SourceRecord } from './source.ts';
import { recordOf as sqsRecord } from './sqs/sqs-record.ts';
import { Unmappable } from './unmappable.ts';
import { readContent } from './zeromq/zeromq-frames.ts';

type To = InboundBridge['to'];

const once = { partition: 'p', position: '1' };
const place = { topic: 't', subject: 't', key: undefined };

/** Deeper than the stack of `JSON.stringify`. */
const DEPTH = 20_000;
const deepText = (open: string, close: string) => `${open.repeat(DEPTH)}1${close.repeat(DEPTH)}`;
const deepTexts = [deepText('[', ']'), deepText('{"a":', '}')];
const deepValue = () => deepTexts.map((text) => JSON.parse(text) as unknown);

const names = fc.oneof(
  fc.constantFrom('__proto__', 'constructor', 'toString', 'key', 'body', 'data', 'content-type', 'ce_specversion'),
  fc.constantFrom('ce_type', 'centrifugo-channels', 'centrifugo-method', 'centrifugo-tag-__proto__', ''),
  fc.string({ unit: 'binary' }),
);
const numbers = ['9007199254740993', '[1e400]', '{"a":0.12345678901234567890}', '-1e20'];
const envelopes = [
  ...['{"specversion":"1.0","type":"t","data":1,"x":[]}', '{"specversion":"1.0","type":"t","__proto__":{"a":1}}'],
  ...['{"method":"publish","payload":{"channel":"a","tags":{"__proto__":1}}}', '{"method":"broadcast","payload":7}'],
  '{"Type":"Notification","MessageId":"m","TopicArn":"t","Message":"1","MessageAttributes":{"a":{"Value":1}}}',
];
const texts = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.json(),
  fc.constantFrom(...deepTexts, ...numbers, ...envelopes, '1.0', 'publish', 'application/json', '\ud800', '\ufeff1'),
  fc.dictionary(names, fc.jsonValue()).map((value) => JSON.stringify(value)),
);
const bytes = fc.oneof(
  fc.uint8Array().map((array) => Buffer.from(array)),
  texts.map((text) => Buffer.from(text)),
);
/** What a client may make of encoded values. */
const values: fc.Arbitrary<unknown> = fc.oneof(
  fc.anything({
    withBigInt: true,
    withDate: true,
    withTypedArray: true,
    withNullPrototype: true,
    withSparseArray: true,
  }),
  fc.constantFrom(...deepValue()),
  fc.constantFrom(9_007_199_254_740_992, Number.NaN, Number.POSITIVE_INFINITY, { toString: 1 }, { toJSON: 1 }),
  bytes,
  texts,
);
const tables = fc.dictionary(names, values);
const headers = fc.dictionary(names, texts);

const targets: fc.Arbitrary<To> = fc.record({
  channel: fc.constantFrom(
    'c',
    '{key}',
    'a:{subject}',
    'a:{header:a}',
    '{header:__proto__}',
    'a:{data:/a/b}',
    '{data:}',
  ),
  data: fc.constantFrom('json', 'text', 'base64', 'cloudevents', 'centrifugo'),
  event: fc.constantFrom(undefined, '{event}', '{header:constructor}', '{data:/a}'),
  tags: fc.constantFrom(undefined, { a: '{header:a}', b: '{data:/0}' }, JSON.parse('{"__proto__":"{key}"}')),
}) as fc.Arbitrary<To>;

/** Whatever the record is, it becomes messages or a dead letter. */
function expectPassable(record: SourceRecord, to: To): void {
  for (const text of [record.topic, record.subject, ...Object.values(record.headers)])
    expect(typeof text).toBe('string');
  expect(['string', 'undefined']).toContain(typeof record.key);
  if ('id' in record.once) expect(record.once.id === null || typeof record.once.id === 'string').toBe(true);
  let reason = 'refused by the gateway';
  try {
    for (const { draft } of mapRecord(record, to)) expect(draft.data).not.toBe(undefined);
  } catch (error) {
    if (!(error instanceof Unmappable)) throw error;
    reason = error.message;
  }
  const letter = new DeadLetter(record, { reason, config: { name: 'in' }, channel: 'dead' });
  do expect(JSON.stringify(letter.message.draft)).toContain('dead_letter');
  while (letter.shrink());
}

/** The records that a system makes of what a producer sends. */
const SYSTEMS: readonly [string, fc.Arbitrary<SourceRecord>][] = [
  [
    'RabbitMQ',
    fc
      .record({
        headers: fc.option(tables, { nil: undefined }),
        contentType: values,
        content: bytes,
        routingKey: texts,
      })
      .map(({ headers: table, contentType, content, routingKey }) => {
        const message = { fields: { routingKey }, properties: { headers: table, contentType }, content };
        return { once, ...rabbitContent('orders', message as unknown as ConsumeMessage) };
      }),
  ],
  [
    'ActiveMQ',
    fc
      .record({
        ...{ subject: values, group_id: values, message_id: values, content_type: values },
        application_properties: fc.oneof(tables, values),
        body: fc.oneof(values, fc.record({ typecode: fc.constantFrom(0x75, 0x76), content: values })),
      })
      .map((fields) => {
        const message = fields as unknown as AmqpMessage;
        return { once: { id: idOf(message) }, ...activemqRecord(message, 'orders') };
      }),
  ],
  [
    'Redis Streams',
    fc
      .record({
        fields: fc.array(bytes),
        more: fc.array(fc.tuple(names, bytes)),
        field: fc.constantFrom('data', 'key'),
      })
      .map(({ fields, more, field }) => {
        const named = more.flatMap(([name, value]) => [Buffer.from(name), value]);
        return { once, ...redisRecord('orders', [...named, ...fields], field) };
      }),
  ],
  [
    'SQS',
    fc
      .record({ Body: texts, attributes: fc.dictionary(names, texts), isBinary: fc.boolean(), isFromSns: fc.boolean() })
      .map(({ Body, attributes, isBinary, isFromSns }) => {
        const named = Object.entries(attributes).map(([name, text]) => [
          name,
          isBinary ? { BinaryValue: Buffer.from(text) } : { StringValue: text },
        ]);
        const message = { MessageId: 'm', Body, MessageAttributes: Object.fromEntries(named) };
        return sqsRecord(message as SqsMessage, 'orders', isFromSns);
      }),
  ],
  [
    'Pub/Sub',
    fc
      .record({ id: texts, attributes: headers, orderingKey: texts, data: bytes })
      .map((message) => pubsubRecord(message as PubsubMessage, 'orders')),
  ],
  [
    'PostgreSQL',
    fc
      .record({
        ...{ xid: fc.constant('7'), id: fc.constant('3'), channel: texts, data: texts },
        ...{ event: fc.option(texts), tags: fc.option(texts), headers: fc.option(texts) },
      })
      .map((row) => outboxRecord(row, { table: 'sluice_outbox', partition: 'p' })),
  ],
  [
    'NATS',
    fc
      .record({ header: bytes, lines: fc.array(fc.tuple(names, texts)), body: bytes })
      .map(({ header, lines, body }) => {
        const named = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
        const encoded = Buffer.concat([Buffer.from(`NATS/1.0\r\n${named}`), header, Buffer.from('\r\n\r\n')]);
        const message = {
          get headers() {
            return MsgHdrsImpl.decode(encoded);
          },
        };
        return { once, ...place, ...headersOf(message), body };
      }),
  ],
  ['ZeroMQ', fc.array(bytes, { maxLength: 4 }).map((frames) => ({ once, ...place, ...readContent(frames) }))],
  [
    'Kafka',
    fc
      .record({ key: fc.option(bytes), value: fc.option(bytes), headers: fc.array(fc.tuple(bytes, fc.option(bytes))) })
      .map((record) => {
        const batch = { firstOffset: 0n, lastOffsetDelta: 0, attributes: 0, producerId: -1n };
        const response = { records: [{ ...batch, records: [{ offsetDelta: 0, ...record }] }], abortedTransactions: [] };
        const partition = { topic: 'orders', topicId: 'id', partition: 0, next: 0n };
        return kafkaRecords(partition, response as unknown as Parameters<typeof kafkaRecords>[1])[0] as SourceRecord;
      }),
  ],
];

describe('a record of a hostile producer', () => {
  it.each(SYSTEMS)('of %s becomes messages, or a dead letter', (_, records) => {
    fc.assert(fc.property(records, targets, expectPassable));
  });

  it('becomes messages, or a dead letter, whatever its bytes, headers and keys', () => {
    const key = fc.option(texts, { nil: undefined });
    const records = fc.record({ once: fc.constant(once), topic: texts, subject: texts, key, headers, body: bytes });
    fc.assert(fc.property(records, targets, expectPassable));
  });

  it.each<To['data']>(['json', 'cloudevents', 'centrifugo'])('with deep nesting is no error as %s', (data) => {
    for (const text of deepTexts) {
      for (const body of [text, `{"specversion":"1.0","type":"t","deep":${text}}`, `{"method":${text}}`]) {
        expectPassable({ once, ...place, headers: {}, body: Buffer.from(body) }, { channel: 'c', data });
      }
    }
  });
});

describe('a value that has no exact text', () => {
  const deep = deepTexts[0] ?? '';
  const ROW = { xid: '7', id: '3', channel: 'c', data: '1', event: null, tags: null, headers: null };

  it.each([
    ['nested too deep', deep],
    ['too large a number', '9007199254740993'],
    ['a number with too many digits', '{"a":0.12345678901234567890}'],
  ])('is left out of headers: %s', (_, json) => {
    const frames = [`{"a":"b","c":${json}}`, '1'].map((text) => Buffer.from(text));
    expect(readContent(frames)).toEqual({ headers: { a: 'b' }, body: Buffer.from('1') });
    const row = { ...ROW, headers: `{"a":"b","c":${json}}` };
    expect(outboxRecord(row, { table: 't', partition: 'p' }).headers).toEqual({ a: 'b' });
  });

  it('makes a row of an outbox poison if it is a tag', () => {
    const row = { ...ROW, tags: '{"n":9007199254740993}' };
    expect(outboxRecord(row, { table: 't', partition: 'p' }).fault).toContain('the tag "n" is a number');
  });

  it('makes a message of ActiveMQ poison if it is in the body', () => {
    const record = activemqRecord({ body: { n: 9_007_199_254_740_992 } } as unknown as AmqpMessage, 'orders');
    expect(record.fault).toContain('more digits than JavaScript carries');
  });
});

it('a message that the client of ActiveMQ cannot decode is poison', () => {
  const { message } = rhea as unknown as Container;
  decodeAnything(rhea as unknown as Container);
  const decode = message.decode;
  decodeAnything(rhea as unknown as Container);
  expect(message.decode).toBe(decode);
  // An AMQP value of lists in lists: constructor, size and count of each.
  const levels = 50_000;
  const list = (size: number) => Buffer.from([0xd0, size >>> 24, size >>> 16, size >>> 8, size, 0, 0, 0, 1]);
  const lists = Array.from({ length: levels }, (_, at) => list(4 + (levels - at - 1) * 9 + 1));
  const deep = Buffer.concat([Buffer.from([0x00, 0x53, 0x77]), ...lists, Buffer.from([0x40])]);
  for (const bad of [deep, Buffer.from([0x00, 0x53]), Buffer.from([0x00, 0x53, 0x74, 0x54, 0x01])]) {
    const read = message.decode(bad) as unknown as AmqpMessage;
    expect([idOf(read), activemqRecord(read, 'orders').fault]).toEqual([null, expect.any(String)]);
  }
});

import { expect, it } from 'vitest';
import { wrapMessage } from '../envelope.ts';
import { entryOf } from './sqs-entry.ts';
import { recordOf } from './sqs-record.ts';

const message = { id: 'i', offset: 7, time: 0, data: { n: 1 }, event: 'signed-in', tags: { region: 'eu' } };

const wrap = (envelope: 'cloudevents' | 'cloudevents-structured' | 'raw', channel = 'audit', more = {}) =>
  wrapMessage(
    'e',
    { ...message, ...more },
    {
      bridge: { envelope, from: { channel } },
      origin: 'sluice',
      prefix: 'ce_',
    },
  );

const rare = { origin: { channel: 'orders:1', offset: 3 }, from: 'ada', trace: 't', tags: { a: 'b', 'x-via': 'v' } };

const namesOf = (envelope: 'cloudevents' | 'cloudevents-structured' | 'raw') =>
  Object.keys(entryOf(wrap(envelope, 'audit', rare), false).MessageAttributes).sort();

it('a message has at most the 10 attributes that SQS accepts', () => {
  expect(namesOf('cloudevents')).toEqual([
    ...['ce_id', 'ce_source', 'ce_specversion', 'ce_subject', 'ce_time', 'ce_type'],
    ...['sluice-channel', 'sluice-offset', 'sluice-origin', 'sluice-tags'],
  ]);
  expect(namesOf('raw')).toEqual([
    ...['content-type', 'event', 'sluice-channel', 'sluice-id', 'sluice-offset', 'sluice-origin', 'sluice-tags'],
  ]);
  expect(namesOf('cloudevents-structured')).toEqual(namesOf('raw'));
});

it.each([
  ['raw', 'sluice-publisher', 'sluice-message-id'],
  ['cloudevents', 'ce_publisher', 'ce_messageid'],
] as const)('the tags share an attribute with rare headers, in the envelope "%s"', (envelope, publisher, id) => {
  const { MessageAttributes } = entryOf(wrap(envelope, 'audit', rare), false);
  const { 'sluice-tags': shared } = MessageAttributes;
  expect(JSON.parse(shared?.StringValue ?? '')).toMatchObject({
    a: 'b',
    'sluice-via': 'v',
    [publisher]: 'ada',
    [id]: 'i',
  });
  const record = recordOf({ MessageId: 'm', Body: '1', MessageAttributes }, 'queue', false);
  expect(record.headers['sluice-via']).toBe('v');
});

it.each([
  ['orders:eu-1', 'orders:eu-1', 'orders:eu-1/e/7'],
  ['größe', expect.stringMatching(/^[\w-]{43}$/), expect.stringMatching(/^[\w-]{43}$/)],
  ['x'.repeat(128), 'x'.repeat(128), expect.stringMatching(/^[\w-]{43}$/)],
])('the group of a FIFO queue is the channel, "%s", or its hash', (channel, group, id) => {
  const entry = entryOf(wrap('raw', channel), true);
  expect(entry).toMatchObject({ MessageGroupId: group, MessageDeduplicationId: id });
});

it('a standard queue gets neither group nor deduplication id', () => {
  expect(Object.keys(entryOf(wrap('raw'), false))).toEqual(['MessageBody', 'MessageAttributes']);
});

it('characters that SQS refuses are escaped in the body, and replaced in attributes', () => {
  const entry = entryOf(wrap('raw', 'audit', { data: 'a\uFFFEb\uFFFF😀', event: 'a\u0001b' }), false);
  expect(entry.MessageBody).toBe('"a\\ufffeb\\uffff😀"');
  expect(JSON.parse(entry.MessageBody)).toBe('a\uFFFEb\uFFFF😀');
  expect(entry.MessageAttributes.event?.StringValue).toBe('a\uFFFDb');
});

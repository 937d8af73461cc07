import rhea, { type Container, type Message } from 'rhea';
import { describe, expect, it } from 'vitest';
import { idOf, recordOf } from './activemq-record.ts';

const { message: codec } = rhea as unknown as Container;

/** What the client reads if a producer sends this. */
const received = (message: Message) => codec.decode(codec.encode(message) as Buffer) as unknown as Message;
const bodyOf = (body: unknown) => Buffer.from(recordOf(received({ body }), 'orders').body).toString();

describe('a message of ActiveMQ', () => {
  it('has subject, group and properties', () => {
    const message = {
      ...{ body: '1', subject: 'created', group_id: '42', content_type: 'application/json' },
      application_properties: { type: 'order', count: 2, isPaid: true, raw: Buffer.from('ab') },
    };
    expect(recordOf(received(message), 'orders')).toMatchObject({
      ...{ topic: 'orders', subject: 'created', key: '42' },
      headers: { 'content-type': 'application/json', type: 'order', count: '2', isPaid: 'true', raw: 'YWI=' },
    });
  });

  it('without them has the queue as its subject', () => {
    const { headers, ...record } = recordOf(received({ body: '1' }), 'orders');
    expect(record).toMatchObject({ topic: 'orders', subject: 'orders', key: undefined });
    expect(headers).toEqual({});
  });

  it.each([
    ['a text', '{"n":1}', '{"n":1}'],
    ['bytes', codec.data_section(Buffer.from('{"n":1}')), '{"n":1}'],
    ['bytes in parts', codec.data_sections([Buffer.from('{"n"'), Buffer.from(':1}')]), '{"n":1}'],
    ['a binary value', Buffer.from('{"n":1}'), '{"n":1}'],
    ['a map', { n: 1 }, '{"n":1}'],
    ['a list', codec.sequence_section([1, 'a']), '[1,"a"]'],
    ['a number', 7, '7'],
    ['nothing', null, ''],
  ])('has a body of %s', (_, body, expected) => {
    expect(bodyOf(body)).toBe(expected);
  });

  it.each([
    ['a text', 'ID:host-1', 'ID:host-1'],
    ['a number', 7, 'number 7'],
    ['a UUID', Buffer.alloc(16, 1), `binary ${'01'.repeat(16)}`],
    ['nothing', undefined, null],
    ['an empty text', '', null],
  ])('has an id of %s', (_, message_id, expected) => {
    expect(idOf(received({ body: '1', ...(message_id !== undefined && { message_id }) }))).toBe(expected);
  });
});

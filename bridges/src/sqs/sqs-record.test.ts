import { describe, expect, it } from 'vitest';
import { recordOf } from './sqs-record.ts';

const notification = {
  Type: 'Notification',
  MessageId: 'from-sns',
  TopicArn: 'arn:aws:sns:eu-central-1:123456789012:orders',
  Subject: 'created',
  Message: '{"n":1}',
  Timestamp: '2026-11-28T00:00:00.000Z',
  MessageAttributes: { type: { Type: 'String', Value: 'created' } },
};
const message = {
  MessageId: 'from-sqs',
  Body: JSON.stringify(notification),
  Attributes: { MessageGroupId: 'group' },
  MessageAttributes: {
    kind: { DataType: 'String', StringValue: 'order' },
    raw: { DataType: 'Binary', BinaryValue: Buffer.from('ab') },
  },
};

describe('a message of SQS', () => {
  it('has its id, its group as key, and its attributes as headers', () => {
    const { body, ...record } = recordOf(message, 'orders', false);
    expect(record).toEqual({
      ...{ once: { id: 'from-sqs' }, topic: 'orders', subject: 'orders', key: 'group' },
      headers: { kind: 'order', raw: 'YWI=' },
    });
    expect(JSON.parse(Buffer.from(body).toString())).toEqual(notification);
  });

  it('from SNS is what was published to the topic', () => {
    const { body, ...record } = recordOf(message, 'queue', true);
    expect(record).toEqual({
      ...{ once: { id: 'from-sns' }, topic: 'orders', subject: 'created', key: 'group' },
      headers: { type: 'created' },
    });
    expect(Buffer.from(body).toString()).toBe('{"n":1}');
  });

  it.each(['{"n":1}', 'no JSON', '[]', JSON.stringify({ ...notification, Message: undefined })])(
    'without the JSON of SNS is read as it is: %s',
    (Body) => {
      const record = recordOf({ ...message, Body }, 'queue', true);
      expect(record).toMatchObject({ once: { id: 'from-sqs' }, topic: 'queue', headers: { kind: 'order' } });
      expect(Buffer.from(record.body).toString()).toBe(Body);
    },
  );

  it('without an id is poison', () => {
    expect(recordOf({ Body: '1' }, 'queue', false).once).toEqual({ id: null });
  });
});

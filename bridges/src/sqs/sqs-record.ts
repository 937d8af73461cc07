import type { Message, MessageAttributeValue } from '@aws-sdk/client-sqs';
import type { SourceRecord } from '../source.ts';
import { readSnsEnvelope } from './sns-envelope.ts';

/** Makes a record of a message of SQS, or of the message of SNS in it. */
export function recordOf(message: Message, queue: string, isFromSns: boolean): SourceRecord {
  const { MessageId = null, Body = '', Attributes = {}, MessageAttributes = {} } = message;
  const sns = isFromSns ? readSnsEnvelope(Body) : undefined;
  const { id = MessageId, topic = queue, subject = topic, attributes, body = Body } = sns ?? {};
  return {
    ...{ once: { id }, topic, subject, key: Attributes.MessageGroupId },
    headers: attributes ?? headersOf(MessageAttributes),
    body: Buffer.from(body),
  };
}

const headersOf = (attributes: Readonly<Record<string, MessageAttributeValue>>): Record<string, string> =>
  Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, textOf(value)]));

const textOf = ({ StringValue, BinaryValue = new Uint8Array() }: MessageAttributeValue): string =>
  StringValue ?? Buffer.from(BinaryValue).toString('base64');

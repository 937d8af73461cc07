import type { Message, MessageAttributeValue } from '@aws-sdk/client-sqs';
import { isObject } from '../body.ts';
import { VIA } from '../circle-guard.ts';
import type { SourceRecord } from '../source.ts';
import { readSnsEnvelope } from './sns-envelope.ts';
import { SHARED } from './sqs-entry.ts';

/** Makes a record of a message of SQS, or of the message of SNS in it. */
export function recordOf(message: Message, queue: string, isFromSns: boolean): SourceRecord {
  const { MessageId = null, Body = '', Attributes = {}, MessageAttributes = {} } = message;
  const sns = isFromSns ? readSnsEnvelope(Body) : undefined;
  const { id = MessageId, topic = queue, subject = topic, attributes, body = Body } = sns ?? {};
  return {
    ...{ once: { id }, topic, subject, key: Attributes.MessageGroupId },
    headers: withVia(attributes ?? headersOf(MessageAttributes)),
    body: Buffer.from(body),
  };
}

/** Another gateway may have sent it: then the header shares an attribute with its tags. */
function withVia(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const shared = headers[SHARED];
  if (shared === undefined) return headers;
  const via = viaIn(shared);
  return via === undefined ? headers : { ...headers, [VIA]: via };
}

function viaIn(shared: string): string | undefined {
  try {
    const parsed: unknown = JSON.parse(shared);
    const via = isObject(parsed) ? parsed[VIA] : undefined;
    return typeof via === 'string' ? via : undefined;
  } catch {
    return undefined; // no gateway has written it
  }
}

const headersOf = (attributes: Readonly<Record<string, MessageAttributeValue>>): Record<string, string> =>
  Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, textOf(value)]));

const textOf = ({ StringValue, BinaryValue = new Uint8Array() }: MessageAttributeValue): string =>
  StringValue ?? Buffer.from(BinaryValue).toString('base64');

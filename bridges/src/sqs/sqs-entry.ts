import { createHash } from 'node:crypto';
import type { MessageAttributeValue } from '@aws-sdk/client-sqs';
import type { SinkRecord } from '../sink.ts';
import { LARGEST_CALL } from './sqs-queue.ts';

/** What a group or a deduplication id may be. */
const PLAIN = /^[A-Za-z0-9!"#$%&'()*+,\-./:;<=>?@[\\\]^_`{|}~]{1,128}$/;
/** What SQS refuses in a text: what XML 1.0 does not allow. */
const FORBIDDEN = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu;

/** The attribute that tags and rare headers share, as a JSON object. */
export const SHARED = 'sluice-tags';

/** A message for SQS. */
export interface SqsEntry {
  readonly MessageBody: string;
  readonly MessageAttributes: Record<string, MessageAttributeValue>;
  readonly MessageGroupId?: string;
  readonly MessageDeduplicationId?: string;
}

/** Writes a record. In a FIFO queue, the group is the channel. */
export function entryOf(record: SinkRecord, isFifo: boolean): SqsEntry {
  const { id, channel, body } = record;
  const attributes = Object.entries(attributesOf(record)).map(([name, value]) => [
    name,
    { DataType: 'String', StringValue: value.replaceAll(FORBIDDEN, '\uFFFD') },
  ]);
  return {
    // The body is JSON, where only a string can have such a character.
    MessageBody: body.toString().replaceAll(FORBIDDEN, escaped),
    MessageAttributes: Object.fromEntries(attributes),
    ...(isFifo && { MessageGroupId: plain(channel), MessageDeduplicationId: plain(id) }),
  };
}

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

const plain = (text: string): string =>
  PLAIN.test(text) ? text : createHash('sha256').update(text).digest('base64url');

/** Attributes that every message has, or every CloudEvent. */
const ALWAYS = new Set([
  ...['ce_specversion', 'ce_id', 'ce_source', 'ce_type', 'ce_subject', 'ce_time'],
  ...['sluice-channel', 'sluice-offset', 'sluice-origin', 'sluice-type'],
]);

/** A message has at most 10 attributes: what another one says is left out, and tags share one with what only some messages have. */
function attributesOf({ headers, contentType, event, tags }: SinkRecord): Record<string, string> {
  const { 'sluice-id': id = '', ...others } = headers;
  const isEvent = 'ce_id' in headers;
  const own = Object.entries(others).filter(([name]) => ALWAYS.has(name));
  const more = Object.entries(others).filter(([name]) => !ALWAYS.has(name));
  const shared = { ...Object.fromEntries(more), ...tags };
  return {
    ...Object.fromEntries(own),
    ...(!isEvent && { 'sluice-id': id, 'content-type': contentType }),
    ...(!isEvent && event !== undefined && { event }),
    ...(Object.keys(shared).length > 0 && { [SHARED]: JSON.stringify(shared) }),
  };
}

/** Splits messages into calls, in their order. */
export function batchesOf<T extends SqsEntry>(entries: readonly T[], most: number): readonly (readonly T[])[] {
  const batches: T[][] = [];
  let size = 0;
  for (const entry of entries) {
    const own = sizeOf(entry);
    const last = batches.at(-1);
    if (last === undefined || last.length >= most || size + own > LARGEST_CALL) {
      batches.push([entry]);
      size = own;
    } else {
      last.push(entry);
      size += own;
    }
  }
  return batches;
}

/** As SQS counts it. */
export function sizeOf({ MessageBody, MessageAttributes }: SqsEntry): number {
  const attributes = Object.entries(MessageAttributes).flatMap(([name, { DataType = '', StringValue = '' }]) => [
    ...[name, DataType, StringValue],
  ]);
  return [MessageBody, ...attributes].reduce((size, text) => size + Buffer.byteLength(text), 0);
}

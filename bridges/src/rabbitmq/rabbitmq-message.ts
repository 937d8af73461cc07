import type { ConsumeMessage } from 'amqplib';
import { exactText, headersFrom } from '../body.ts';
import { contentOrFault } from '../content.ts';
import type { SourceRecord } from '../source.ts';

/** What queues and streams have in common, as a record; `queue` names either. */
export function contentOf(queue: string, { fields, properties, content }: ConsumeMessage): Omit<SourceRecord, 'once'> {
  return {
    ...{ topic: queue, subject: fields.routingKey, key: undefined },
    ...contentOrFault(content, () => ({ headers: headersOf(properties), body: content })),
  };
}

function headersOf({ headers, contentType }: ConsumeMessage['properties']): Record<string, string> {
  const typed = typeof contentType === 'string' ? { 'content-type': contentType } : {};
  return { ...typed, ...headersFrom(headers ?? {}, textOf) };
}

const textOf = (value: unknown): string | undefined => (Buffer.isBuffer(value) ? value.toString() : exactText(value));

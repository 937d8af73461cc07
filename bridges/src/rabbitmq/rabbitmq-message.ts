import type { ConsumeMessage } from 'amqplib';
import type { SourceRecord } from '../source.ts';

/** What queues and streams have in common, as a record; `queue` names either. */
export function contentOf(queue: string, { fields, properties, content }: ConsumeMessage): Omit<SourceRecord, 'once'> {
  const { headers = {}, contentType } = properties;
  const named = Object.entries(headers as Readonly<Record<string, unknown>>).map(([name, value]) => [
    name,
    asText(value),
  ]);
  const typed = typeof contentType === 'string' ? { 'content-type': contentType } : {};
  return {
    ...{ topic: queue, subject: fields.routingKey, key: undefined, body: content },
    headers: { ...typed, ...Object.fromEntries(named) },
  };
}

const asText = (value: unknown): string =>
  typeof value === 'string' ? value : Buffer.isBuffer(value) ? value.toString() : (JSON.stringify(value) ?? '');

import { randomUUID } from 'node:crypto';
import type { InboundBridge, InboundMessage } from '@sluice/server/bridging';
import type { SourceRecord } from './source.ts';

/** Bytes of a body that a dead letter keeps, so that it fits where its message may have been too large. */
const LONGEST_BODY = 32_768;
/** Headers that it keeps, and characters of their values. */
const MOST_HEADERS = 50;
const LONGEST_HEADER = 512;
const LONGEST_REASON = 256;

interface DeadLetterOptions {
  readonly reason: string;
  readonly config: InboundBridge;
  readonly channel: string;
}

/** The dead letter of a record, with the reason, where it was, and what it was. */
export function deadLetterOf(record: SourceRecord, { reason, config, channel }: DeadLetterOptions): InboundMessage {
  const { once, place, topic, subject, key = null, headers, body } = record;
  const isCut = body.length > LONGEST_BODY;
  const kept = Object.entries(headers)
    .slice(0, MOST_HEADERS)
    .map(([name, value]) => [name, value.slice(0, LONGEST_HEADER)]);
  const data = {
    ...{ bridge: config.name, reason, topic, subject, key, headers: Object.fromEntries(kept) },
    ...('id' in once ? { id: once.id } : { ...once, position: place ?? once.position }),
    body: Buffer.from(body.subarray(0, LONGEST_BODY)).toString('base64'),
    ...(isCut && { size: body.length }),
  };
  const tags = { 'x-reason': reason.slice(0, LONGEST_REASON).toWellFormed(), 'x-bridge': config.name };
  return { channel, draft: { event: 'dead_letter', data, tags }, once: { id: `dead ${nameOf(record)}` } };
}

/**
 * What is the same when the record is delivered again. The position itself would not do: dead letters
 * are not published in the order of their records, and the engine takes an earlier position for a repeat.
 */
function nameOf({ once, topic }: SourceRecord): string {
  if (!('id' in once)) return `${topic} ${once.partition} ${once.position}`;
  // Without an id, a dead letter that is published twice is better than none.
  return once.id ?? randomUUID();
}

import type { Message } from 'rhea';
import type { SourceRecord } from '../source.ts';

/** Type codes of the sections of a body that are no value. */
const DATA = 0x75;

/** Makes a record of a message, without its id. */
export function recordOf(message: Message, queue: string): Omit<SourceRecord, 'once'> {
  const { content_type: contentType, subject, group_id: key, application_properties: properties = {} } = message;
  const named = Object.entries(properties).map(([name, value]) => [name, textOf(value)]);
  return {
    ...{ topic: queue, subject: subject ?? queue, key: key ?? undefined, body: bodyOf(message.body) },
    headers: { ...(typeof contentType === 'string' && { 'content-type': contentType }), ...Object.fromEntries(named) },
  };
}

/** The id of a message as a text, which differs from those of other types; `null`: it has none. */
export function idOf({ message_id: id }: Message): string | null {
  if (id === undefined || id === null || id === '') return null;
  if (typeof id === 'string') return id;
  return Buffer.isBuffer(id) ? `binary ${id.toString('hex')}` : `number ${id}`;
}

/** A section of a body, as the client reads it. */
interface Section {
  readonly typecode: number;
  readonly content: unknown;
}

function bodyOf(body: unknown): Buffer {
  if (Buffer.isBuffer(body)) return body;
  if (typeof body === 'string') return Buffer.from(body);
  if (body === undefined || body === null) return Buffer.alloc(0);
  if (!isSection(body)) return Buffer.from(JSON.stringify(body));
  const parts = Array.isArray(body.content) ? (body.content as unknown[]) : [body.content];
  if (body.typecode === DATA) return Buffer.concat(parts.map(bodyOf));
  return Buffer.from(JSON.stringify(body.content));
}

const isSection = (body: unknown): body is Section =>
  typeof body === 'object' && body !== null && 'typecode' in body && 'content' in body;

const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : Buffer.isBuffer(value) ? value.toString('base64') : (JSON.stringify(value) ?? '');

import type { Message } from 'rhea';
import { exactText, headersFrom, isObject, isRounded, refuseRounded } from '../body.ts';
import { contentOrFault } from '../content.ts';
import type { SourceRecord } from '../source.ts';
import { Unmappable } from '../unmappable.ts';
import { isUndecodable } from './decode-anything.ts';

/** Type codes of the sections of a body that are no value. */
const DATA = 0x75;
const NO_BODY = Buffer.alloc(0);

/** Makes a record of a message, without its id. A producer may send values of any type. */
export function recordOf(message: Message, queue: string): Omit<SourceRecord, 'once'> {
  const { subject, group_id: key } = message as { readonly subject?: unknown; readonly group_id?: unknown };
  return {
    ...{ topic: queue, subject: typeof subject === 'string' ? subject : queue },
    key: typeof key === 'string' ? key : undefined,
    ...contentOrFault(NO_BODY, () => {
      if (isUndecodable(message)) throw new Unmappable('the message is not valid AMQP');
      return { headers: headersOf(message), body: bodyOf(message.body) };
    }),
  };
}

function headersOf({ content_type: contentType, application_properties: properties }: Message): Record<string, string> {
  const typed = typeof contentType === 'string' ? { 'content-type': contentType } : {};
  return { ...typed, ...headersFrom(isObject(properties) ? properties : {}, textOf) };
}

/** The id of a message as a text, which differs from those of other types; `null`: it has none. */
export function idOf({ message_id: id }: Message): string | null {
  if (typeof id === 'string') return id === '' ? null : id;
  if (typeof id === 'number') return isRounded(id) ? null : `number ${id}`;
  return Buffer.isBuffer(id) ? `binary ${id.toString('hex')}` : null;
}

/** A section of a body, as the client reads it. */
interface Section {
  readonly typecode: number;
  readonly content: unknown;
}

function bodyOf(body: unknown): Buffer {
  if (Buffer.isBuffer(body)) return body;
  if (typeof body === 'string') return Buffer.from(body);
  if (body === undefined || body === null) return NO_BODY;
  if (!isSection(body)) return Buffer.from(JSON.stringify(body, refuseRounded));
  const parts = Array.isArray(body.content) ? (body.content as unknown[]) : [body.content];
  if (body.typecode === DATA) return Buffer.concat(parts.map(bodyOf));
  return Buffer.from(JSON.stringify(body.content, refuseRounded));
}

const isSection = (body: unknown): body is Section =>
  typeof body === 'object' && body !== null && 'typecode' in body && 'content' in body;

const textOf = (value: unknown): string | undefined =>
  Buffer.isBuffer(value) ? value.toString('base64') : exactText(value);

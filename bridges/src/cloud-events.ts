/** CloudEvents 1.0 in both directions: six attributes, in headers (binary mode) or in the body (structured mode). */

import type { Json } from '@sluice/protocol';
import { headerOf, headersFrom, isObject, parseJson, textOf } from './body.ts';
import type { SourceRecord } from './source.ts';
import { Unmappable } from './unmappable.ts';

export const STRUCTURED = 'application/cloudevents+json';
/** What the attributes begin with in the headers of different brokers. */
const PREFIXES = ['ce_', 'ce-', 'cloudEvents:', 'cloudEvents_'];

export interface CloudEvent {
  readonly type: string;
  readonly data: Json;
  readonly attributes: Readonly<Record<string, string>>;
}

/** @throws Unmappable if the record is no CloudEvent */
export function readCloudEvent(record: SourceRecord): CloudEvent {
  return readBinary(record) ?? readStructured(record);
}

function readBinary({ headers, body }: SourceRecord): CloudEvent | undefined {
  const prefix = PREFIXES.find((each) => headerOf(headers, `${each}specversion`) !== undefined);
  if (prefix === undefined) return undefined;
  const named = Object.entries(headers)
    .filter(([name]) => name.toLowerCase().startsWith(prefix.toLowerCase()))
    .map(([name, value]) => [name.slice(prefix.length).toLowerCase(), value] as const);
  const attributes: Readonly<Record<string, string>> = Object.fromEntries(named);
  const type = headerOf(headers, 'content-type') ?? headerOf(attributes, 'datacontenttype') ?? 'application/json';
  return {
    type: typeOf(headerOf(attributes, 'type')),
    data: body.length === 0 ? null : dataOf(body, type),
    attributes,
  };
}

function dataOf(body: Uint8Array, contentType: string): Json {
  const [media = ''] = contentType.toLowerCase().split(';');
  if (/[/+]json$/.test(media.trim())) return parseJson(textOf(body));
  return media.startsWith('text/') ? textOf(body) : Buffer.from(body).toString('base64');
}

function readStructured({ body }: SourceRecord): CloudEvent {
  const event = parseJson(textOf(body));
  if (!isObject(event) || typeof event.specversion !== 'string') {
    throw new Unmappable('the message is no CloudEvent: neither a header nor the body has "specversion"');
  }
  const { data, data_base64: binary, ...rest } = event as Readonly<Record<string, Json>>;
  return { type: typeOf(event.type), data: data ?? binary ?? null, attributes: headersFrom(rest) };
}

function typeOf(type: unknown): string {
  if (typeof type === 'string' && type !== '') return type;
  throw new Unmappable('the CloudEvent has no "type"');
}

/** The messages of Centrifugo's consumers, so that a producer need not change: a command, or a publication with headers. */

import type { Json, Tags } from '@sluice/protocol';
import { headerOf, isObject, parseJson, textOf } from './body.ts';
import type { MappedMessage } from './mapping.ts';
import type { SourceRecord } from './source.ts';
import { Unmappable } from './unmappable.ts';

/** What the names of headers begin with: Centrifugo lets producers choose, and shows both. */
const PREFIXES = ['centrifugo-', 'x-centrifugo-'];
const CHANNELS = 'channels';
const METHOD = 'method';
const TAG = 'tag-';

/** @throws Unmappable if it is neither, or a command that is not a publish */
export function centrifugoMessages(record: SourceRecord): readonly MappedMessage[] {
  const { headers } = record;
  const channels = ownHeader(headers, CHANNELS);
  const data = record.isTombstone === true ? null : parseJson(textOf(record.body));
  if (channels !== undefined) return publications(channels, data, headers);
  const method = ownHeader(headers, METHOD);
  if (method !== undefined) return commandMessages(method, data);
  if (isObject(data) && typeof data.method === 'string') return commandMessages(data.method, data.payload);
  // The field of an entry of a Redis stream, beside the field with the payload.
  const field = headerOf(headers, METHOD);
  if (field !== undefined) return commandMessages(field, data);
  throw new Unmappable(
    `the message has no header "centrifugo-${CHANNELS}", "centrifugo-${METHOD}" or "${METHOD}", and its body no "method"`,
  );
}

const ownHeader = (headers: SourceRecord['headers'], name: string): string | undefined =>
  PREFIXES.map((prefix) => headerOf(headers, `${prefix}${name}`)).find((value) => value !== undefined);

function publications(channels: string, data: Json, headers: SourceRecord['headers']): readonly MappedMessage[] {
  const tags = Object.entries(headers).flatMap(([name, value]) => {
    const prefix = PREFIXES.map((each) => `${each}${TAG}`).find((each) => name.toLowerCase().startsWith(each));
    return prefix === undefined ? [] : [[name.slice(prefix.length), value] as const];
  });
  return messagesFor(channels.split(','), data, Object.fromEntries(tags));
}

function commandMessages(method: string, payload: unknown): readonly MappedMessage[] {
  const { channel, channels, data = null, b64data, tags } = isObject(payload) ? payload : {};
  const names = method === 'publish' ? [channel] : method === 'broadcast' ? channels : undefined;
  if (names === undefined) throw new Unmappable('the command is neither "publish" nor "broadcast"');
  if (!Array.isArray(names) || !names.every((name) => typeof name === 'string')) {
    throw new Unmappable(`the command "${method}" names no channel`);
  }
  const content = typeof b64data === 'string' && b64data !== '' ? jsonOfBase64(b64data) : (data as Json);
  return messagesFor(names, content, isObject(tags) ? (tags as Tags) : {});
}

/** Base64, with or without padding. */
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** Bytes that clients of Centrifugo would get as they are, which for those with JSON are JSON. */
function jsonOfBase64(text: string): Json {
  if (!BASE64.test(text)) throw new Unmappable('"b64data" is not base64');
  try {
    return parseJson(textOf(Buffer.from(text, 'base64')));
  } catch (error) {
    if (!(error instanceof Unmappable)) throw error;
    throw new Unmappable('"b64data" is not JSON in base64. Send binary data in a field of "data"');
  }
}

function messagesFor(channels: readonly string[], data: Json, tags: Tags): readonly MappedMessage[] {
  const names = [...new Set(channels.map((channel) => channel.trim()).filter((channel) => channel !== ''))];
  if (names.length === 0) throw new Unmappable('the message names no channel');
  const draft = Object.keys(tags).length === 0 ? { data } : { data, tags };
  return names.map((channel) => ({ channel, draft }));
}

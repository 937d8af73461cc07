/** The messages of Centrifugo's consumers, so that a producer need not change: a command, or a publication with headers. */

import type { Json, Tags } from '@sluice/protocol';
import { headerOf, isObject, parseJson, textOf } from './body.ts';
import type { MappedMessage } from './mapping.ts';
import type { SourceRecord } from './source.ts';
import { Unmappable } from './unmappable.ts';

const CHANNELS = 'centrifugo-channels';
const METHOD = 'centrifugo-method';
const TAG = 'centrifugo-tag-';

/** @throws Unmappable if it is neither, or a command that is not a publish */
export function centrifugoMessages(record: SourceRecord): readonly MappedMessage[] {
  const channels = headerOf(record.headers, CHANNELS);
  const data = record.isTombstone === true ? null : parseJson(textOf(record.body));
  if (channels !== undefined) return publications(channels, data, record);
  const method = headerOf(record.headers, METHOD);
  if (method !== undefined) return commandMessages(method, data);
  if (!isObject(data) || typeof data.method !== 'string') {
    throw new Unmappable(`the message has no header "${CHANNELS}" or "${METHOD}", and its body no "method"`);
  }
  return commandMessages(data.method, data.payload);
}

function publications(channels: string, data: Json, { headers }: SourceRecord): readonly MappedMessage[] {
  const tags = Object.entries(headers)
    .filter(([name]) => name.toLowerCase().startsWith(TAG))
    .map(([name, value]) => [name.slice(TAG.length), value] as const);
  return messagesFor(channels.split(','), data, Object.fromEntries(tags));
}

function commandMessages(method: string, payload: unknown): readonly MappedMessage[] {
  const { channel, channels, data = null, tags } = isObject(payload) ? payload : {};
  const names = method === 'publish' ? [channel] : method === 'broadcast' ? channels : undefined;
  if (names === undefined) throw new Unmappable('the command is neither "publish" nor "broadcast"');
  if (!Array.isArray(names) || !names.every((name) => typeof name === 'string')) {
    throw new Unmappable(`the command "${method}" names no channel`);
  }
  return messagesFor(names, data as Json, isObject(tags) ? (tags as Tags) : {});
}

function messagesFor(channels: readonly string[], data: Json, tags: Tags): readonly MappedMessage[] {
  const names = [...new Set(channels.map((channel) => channel.trim()).filter((channel) => channel !== ''))];
  if (names.length === 0) throw new Unmappable('the message names no channel');
  const draft = Object.keys(tags).length === 0 ? { data } : { data, tags };
  return names.map((channel) => ({ channel, draft }));
}

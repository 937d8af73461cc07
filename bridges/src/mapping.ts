import type { Draft, Json } from '@sluice/protocol';
import type { InboundBridge } from '@sluice/server/bridging';
import { headerOf, parseJson, textOf } from './body.ts';
import { centrifugoMessages } from './centrifugo.ts';
import { readCloudEvent } from './cloud-events.ts';
import type { SourceRecord } from './source.ts';
import { atPointer, fill, fillChannel, type Lookup, MissingValue, UnsafeNumber } from './templates.ts';
import { reasonOf, Unmappable } from './unmappable.ts';

/** A message for a channel, from a record of a broker. */
export interface MappedMessage {
  readonly channel: string;
  readonly draft: Pick<Draft, 'data' | 'event' | 'tags'>;
}

/**
 * Makes messages of a record, as the configuration says.
 *
 * @throws Unmappable with the reason, which does not repeat the body; nothing else, whatever the record is
 */
export function mapRecord(record: SourceRecord, to: InboundBridge['to']): readonly MappedMessage[] {
  if (record.fault !== undefined) throw new Unmappable(record.fault);
  try {
    if (to.data === 'centrifugo') return centrifugoMessages(record);
    return [mapOne(record, to)];
  } catch (error) {
    // A lone surrogate in a placeholder of a channel.
    const isKnown = error instanceof MissingValue || error instanceof UnsafeNumber || error instanceof URIError;
    throw new Unmappable(isKnown ? error.message : reasonOf(error), { cause: error });
  }
}

function mapOne(record: SourceRecord, to: InboundBridge['to']): MappedMessage {
  const content = contentOf(record, to.data);
  const lookup = lookupIn(record, content);
  const event = to.event === undefined ? (content.event ?? record.event) : fill(to.event, lookup);
  const tags = to.tags === undefined ? (record.tags ?? {}) : tagsOf(to.tags, lookup);
  const draft = {
    data: content.data,
    ...(event !== undefined && { event }),
    ...(Object.keys(tags).length > 0 && { tags }),
  };
  return { channel: fillChannel(to.channel, lookup), draft };
}

interface Content {
  readonly data: Json;
  readonly event?: string | undefined;
  /** Attributes of a CloudEvent. */
  readonly attributes?: Readonly<Record<string, string>>;
}

function contentOf(record: SourceRecord, format: InboundBridge['to']['data']): Content {
  if (record.isTombstone === true && format !== 'cloudevents') return { data: null };
  switch (format) {
    case 'json':
    case 'centrifugo':
      return { data: parseJson(textOf(record.body)) };
    case 'text':
      return { data: textOf(record.body) };
    case 'base64':
      return { data: Buffer.from(record.body).toString('base64') };
    case 'cloudevents': {
      const { type, data, attributes } = readCloudEvent(record);
      return { data, event: type, attributes };
    }
  }
}

function lookupIn(record: SourceRecord, { data, event, attributes = {} }: Content): Lookup {
  const { topic, subject, key, headers } = record;
  const values: Readonly<Record<string, string | undefined>> = { topic, subject, key, event };
  return (name) => {
    if (name.startsWith('data:')) return atPointer(data, name.slice('data:'.length));
    if (name.startsWith('header:'))
      return headerOf(headers, name.slice('header:'.length)) ?? ownOf(attributes, name.slice('header:'.length));
    return ownOf(values, name);
  };
}

const ownOf = <T>(values: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(values, name) ? values[name] : undefined;

function fillOrNothing(template: string, lookup: Lookup): string | undefined {
  try {
    return fill(template, lookup);
  } catch (error) {
    if (error instanceof MissingValue) return undefined;
    throw error;
  }
}

/** A tag whose placeholder has no value is left out. */
function tagsOf(templates: Readonly<Record<string, string>>, lookup: Lookup): Record<string, string> {
  const tags = Object.entries(templates).flatMap(([name, template]) => {
    const value = fillOrNothing(template, lookup);
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(tags);
}

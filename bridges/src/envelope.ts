import type { Message } from '@sluice/protocol';
import type { Outbound, OutboundBridge, OutboundGap } from '@sluice/server/bridging';
import { STRUCTURED } from './cloud-events.ts';
import type { SinkRecord } from './sink.ts';

/** Names the gateway or cluster that a message came from. */
export const ORIGIN = 'sluice-origin';
/** The channel that a message came from. */
export const CHANNEL = 'sluice-channel';
/** The type of a record that stands for messages which the log lost before they were sent. */
export const GAP = 'sluice.gap';
/** The type of a record that stands for a message which the broker does not accept. */
export const DEAD_LETTER = 'sluice.dead_letter';
/** What the ids of records end with that are no messages, by type. */
const SUFFIXES: Readonly<Record<string, string>> = { [GAP]: '/gap', [DEAD_LETTER]: '/dead' };
/** The type of a message without an event. */
const NO_EVENT = 'sluice.message';

/** How the messages of a bridge are written. */
export interface EnvelopeOptions {
  readonly bridge: Pick<OutboundBridge, 'origin' | 'envelope'> & { readonly from: { readonly channel: string } };
  /** See `Sink.attributePrefix`. */
  readonly prefix: string;
}

/** Writes a message as a record. */
export function wrapMessage(epoch: string, message: Message, options: EnvelopeOptions): SinkRecord {
  const { offset, event, tags = {}, time, data } = message;
  return wrap({ epoch, offset, event, tags, time, data, type: event ?? NO_EVENT, isMessage: true }, options);
}

/** Why a message became a dead letter. */
interface Refused {
  /** Bytes of the record that was refused. */
  readonly size: number;
  /** What the broker accepts, for an operator. */
  readonly detail: string;
}

/** Writes a small record in place of a message that is too large for the broker. */
export function wrapDeadLetter(
  { epoch, message }: Outbound,
  { size, detail }: Refused,
  options: EnvelopeOptions,
): SinkRecord {
  const { offset, time, event } = message;
  const { channel } = options.bridge.from;
  const of = { id: `${channel}/${epoch}/${offset}`, channel, epoch, offset, ...(event !== undefined && { event }) };
  const data = { reason: 'too_large', detail, size, ...of };
  return wrap(
    { epoch, offset, tags: {}, time, data, type: DEAD_LETTER, event: DEAD_LETTER, isMessage: false },
    options,
  );
}

/** Writes a gap as a record, whose data is the gap. */
export function wrapGap(gap: OutboundGap, time: number, options: EnvelopeOptions): SinkRecord {
  const { epoch, offset } = gap.to;
  return wrap({ epoch, offset, tags: {}, time, data: gap, type: GAP, event: GAP, isMessage: false }, options);
}

interface Content extends Pick<SinkRecord, 'epoch' | 'offset' | 'event' | 'tags'> {
  readonly time: number;
  readonly data: unknown;
  readonly type: string;
  /** Otherwise it stands for messages. */
  readonly isMessage: boolean;
}

function wrap(content: Content, { bridge, prefix }: EnvelopeOptions): SinkRecord {
  const { epoch, offset, event, tags, time, data, type, isMessage } = content;
  const { origin, envelope } = bridge;
  const { channel } = bridge.from;
  const id = `${channel}/${epoch}/${offset}${isMessage ? '' : SUFFIXES[type]}`;
  const own = { [ORIGIN]: origin, [CHANNEL]: channel, 'sluice-offset': `${offset}`, 'sluice-id': id };
  const attributes = {
    ...{ specversion: '1.0', id, source: origin, type, subject: channel },
    ...{ time: new Date(time).toISOString(), datacontenttype: 'application/json' },
  };
  const record = { id, channel, epoch, offset, event, tags };
  if (envelope === 'cloudevents-structured') {
    const body = Buffer.from(JSON.stringify({ ...attributes, data }));
    return { ...record, headers: own, contentType: STRUCTURED, body };
  }
  const body = Buffer.from(JSON.stringify(data));
  const named = Object.entries(attributes).filter(([name]) => name !== 'datacontenttype');
  const headers =
    envelope === 'raw'
      ? { ...own, ...(!isMessage && { 'sluice-type': type }) }
      : { ...own, ...Object.fromEntries(named.map(([name, value]) => [`${prefix}${name}`, value])) };
  return { ...record, headers, contentType: 'application/json', body };
}

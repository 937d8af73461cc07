import type { Message } from '@sluice/protocol';
import type { Outbound, OutboundBridge, OutboundGap } from '@sluice/server/bridging';
import { CHANNEL, ORIGIN, viaHeaderOf } from './circle-guard.ts';
import { STRUCTURED } from './cloud-events.ts';
import type { Route, SinkRecord } from './sink.ts';

/** The type of a record that stands for messages which the log lost before they were sent. */
export const GAP = 'sluice.gap';
/** The type of a record that stands for a message which the broker does not accept. */
export const DEAD_LETTER = 'sluice.dead_letter';
/** What the ids of records end with that are no messages, by type. */
const SUFFIXES: Readonly<Record<string, string>> = { [GAP]: '/gap', [DEAD_LETTER]: '/dead' };
const JSON_TYPE = 'application/json';
/** The type of a message without an event. */
const NO_EVENT = 'sluice.message';

/** How the messages of a bridge are written. */
export interface EnvelopeOptions {
  readonly bridge: Pick<OutboundBridge, 'envelope'> & { readonly from: { readonly channel: string } };
  /** See `BridgeHost.origin`. */
  readonly origin: string;
  /** See `Sink.attributePrefix`. */
  readonly prefix: string;
}

/** Writes a message as a record. */
export function wrapMessage(epoch: string, message: Message, options: EnvelopeOptions): SinkRecord {
  const { offset, event, time, data } = message;
  const { tags, headers: via } = viaHeaderOf(message.tags ?? {});
  const own = { type: event ?? NO_EVENT, isMessage: true, source: message.origin, via, about: aboutOf(message) };
  return wrap({ epoch, offset, event, tags, time, data, ...own }, options);
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
  const own = { type: DEAD_LETTER, event: DEAD_LETTER, isMessage: false };
  const { headers: via } = viaHeaderOf(message.tags ?? {});
  const about = { source: message.origin, via, about: aboutOf(message), route: routeOf(message) };
  return wrap({ epoch, offset, tags: {}, time, data, ...own, ...about }, options);
}

/** Where a message goes. */
export const routeOf = ({ event, tags = {}, origin }: Message): Route => ({
  ...{ event, tags: viaHeaderOf(tags).tags, source: origin?.channel },
});

interface GapAround {
  readonly time: number;
  /** Of the message that follows it. */
  readonly route: Route;
}

/** Writes a gap as a record, whose data is the gap. */
export function wrapGap(gap: OutboundGap, around: GapAround, options: EnvelopeOptions): SinkRecord {
  const { epoch, offset } = gap.to;
  return wrap({ epoch, offset, tags: {}, ...around, data: gap, type: GAP, event: GAP, isMessage: false }, options);
}

/**
 * What a message says about itself: attributes of CloudEvents, whose names have only lower-case letters,
 * and the headers of a message that is no CloudEvent.
 */
const ABOUT = {
  messageid: 'sluice-message-id',
  sourcechannel: 'sluice-source-channel',
  sourceoffset: 'sluice-source-offset',
  publisher: 'sluice-publisher',
  traceparent: 'traceparent',
} as const;

type About = { -readonly [Name in keyof typeof ABOUT]?: string };

function aboutOf({ id, origin, from, trace }: Message): About {
  const about: About = { messageid: id };
  if (origin !== undefined) {
    about.sourcechannel = origin.channel;
    about.sourceoffset = `${origin.offset}`;
  }
  if (from !== undefined) about.publisher = from;
  if (trace !== undefined) about.traceparent = trace;
  return about;
}

const aboutHeaders = (about: About): readonly (readonly [string, string])[] =>
  Object.entries(about).map(([name, value]) => [ABOUT[name as keyof About], value]);

interface Content extends Pick<SinkRecord, 'epoch' | 'offset' | 'event' | 'tags'> {
  readonly time: number;
  readonly data: unknown;
  readonly type: string;
  /** See `SinkRecord`. */
  readonly route?: Route;
  /** Otherwise it stands for messages. */
  readonly isMessage: boolean;
  /** The message that it is a copy of. */
  readonly source?: Message['origin'];
  /** The header about the gateways where it was before. */
  readonly via?: Readonly<Record<string, string>>;
  readonly about?: About;
}

function wrap(content: Content, { bridge, origin, prefix }: EnvelopeOptions): SinkRecord {
  const { epoch, offset, event, tags, time, data, type, isMessage, source, route, via, about = {} } = content;
  const { envelope } = bridge;
  const { channel } = bridge.from;
  const id = `${channel}/${epoch}/${offset}${isMessage ? '' : SUFFIXES[type]}`;
  const own = { [ORIGIN]: origin, [CHANNEL]: channel, 'sluice-offset': `${offset}`, 'sluice-id': id, ...via };
  const attributes = {
    ...{ specversion: '1.0', id, source: origin, type, subject: channel, time: new Date(time).toISOString() },
    ...about,
  };
  const record = { id, channel, epoch, offset, event, tags, source: source?.channel, ...(route && { route }) };
  if (envelope === 'cloudevents-structured') {
    const body = Buffer.from(JSON.stringify({ ...attributes, datacontenttype: JSON_TYPE, data }));
    return { ...record, headers: own, contentType: STRUCTURED, body };
  }
  const body = Buffer.from(JSON.stringify(data));
  const named =
    envelope === 'raw'
      ? [...aboutHeaders(about), ...(isMessage ? [] : [['sluice-type', type]])]
      : Object.entries(attributes).map(([name, value]) => [`${prefix}${name}`, value]);
  return { ...record, headers: { ...own, ...Object.fromEntries(named) }, contentType: JSON_TYPE, body };
}

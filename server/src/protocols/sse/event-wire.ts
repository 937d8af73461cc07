import type { Message } from '@sluice/protocol';
import type { Part, Wire } from '../protocol.ts';

/** Maximum characters for which a string is cheaper than a Buffer. */
const SHORT = 1_024;

/**
 * A block of an event stream without its end. The sender ends it with an empty line, or with the
 * stream's position and an empty line, so that a client that has dispatched an event also has its
 * position.
 */
export const block = (event: string, data: object): string => `event: ${event}\ndata: ${JSON.stringify(data)}\n`;

const openData = (channel: string, epoch: string): string =>
  `data: {"channel":"${channel}","epoch":${JSON.stringify(epoch)},`;

/** A message as an event of the default type: its JSON, with its channel and epoch. */
export const messageBlock = (channel: string, epoch: string, message: Message): string =>
  `${openData(channel, epoch)}${JSON.stringify(message).slice(1)}\n`;

const asText = (part: Part): string => (typeof part === 'string' ? part : Buffer.from(part).toString('utf8'));

/**
 * Messages as Server-sent events. HTML Standard, section 9.2. JSON has no line breaks, so a message
 * is one `data` line.
 */
export const eventWire: Wire = {
  id: 's',
  binary: false,
  // Progress is an event without data: clients do not dispatch it, but keep the position that follows it.
  encode: (messages) =>
    messages.map((message) => (message.type === 'progress' ? '' : block(message.type, message))).join('\n'),
  encodeMessage: ({ json }) => json.slice(1),
  prefix: openData,
  join: (head, parts) => Buffer.from(parts.map((part) => `${asText(head)}${asText(part)}\n`).join('\n')),
  single: (head, { json }) => {
    const frame = `${asText(head)}${json.slice(1)}\n`;
    return frame.length < SHORT ? frame : Buffer.from(frame);
  },
};

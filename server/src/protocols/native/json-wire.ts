import { json } from '@sluice/protocol';
import type { Wire } from '../protocol.ts';
import { parseCommand } from './command.ts';
import { unpack } from './unpack.ts';

/** Characters up to which making a Buffer costs more than it spares. */
const SHORT = 1_024;

/** Text frames. SPEC.md section 2.1. */
export const jsonWire: Wire = {
  id: 'j',
  subprotocol: json.subprotocol,
  binary: false,
  decode: (data) => unpack(json, data).map(parseCommand),
  encode: (messages) => JSON.stringify(messages.length === 1 ? messages[0] : messages),
  encodeMessage: (message) => JSON.stringify(message),
  open: (channel, epoch) => `{"type":"messages","channel":"${channel}","epoch":${JSON.stringify(epoch)},"messages":[`,
  // A Buffer, because uWebSockets.js publishes one faster than a string.
  join: (opening, parts) => Buffer.from(`${opening}${parts.join(',')}]}`),
  single: (opening, message) => {
    const frame = `${opening}${JSON.stringify(message)}]}`;
    return frame.length < SHORT ? frame : Buffer.from(frame);
  },
};

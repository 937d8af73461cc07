import { json } from '@sluice/protocol';
import type { Wire } from '../protocol.ts';
import { parseCommand } from './command.ts';
import { unpack } from './unpack.ts';

/** Text frames. SPEC.md section 2.1. */
export const jsonWire: Wire = {
  id: 'j',
  subprotocol: json.subprotocol,
  binary: false,
  decode: (data) => unpack(json, data).map(parseCommand),
  encode: (messages) => JSON.stringify(messages.length === 1 ? messages[0] : messages),
  encodeMessage: (message) => JSON.stringify(message),
  join: (channel, epoch, parts) =>
    // A Buffer, because uWebSockets.js publishes one faster than a string.
    Buffer.from(
      `{"type":"messages","channel":"${channel}","epoch":${JSON.stringify(epoch)},"messages":[${parts.join(',')}]}`,
    ),
};

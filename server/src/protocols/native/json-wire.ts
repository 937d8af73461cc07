import { json as codec } from '@sluice/protocol';
import type { PushPrefix, Wire } from '../protocol.ts';
import { parseCommand } from './command.ts';
import { writeFrame } from './json-frame.ts';
import { unpack } from './unpack.ts';

/** Characters up to which making a Buffer costs more than it spares. */
const SHORT = 1_024;

function open(channel: string, epoch: string, { sub, after }: PushPrefix = {}): string {
  const subField = sub === undefined ? '' : `"sub":${sub},`;
  const afterField = after === undefined ? '' : `"after":${after},`;
  return `{"type":"messages","channel":"${channel}",${subField}"epoch":${JSON.stringify(epoch)},${afterField}"messages":[`;
}

/** Text frames. SPEC.md section 2.1. */
export const jsonWire: Wire = {
  id: 'j',
  subprotocol: codec.subprotocol,
  binary: false,
  decode: (data) => unpack(codec, data),
  parse: parseCommand,
  encode: writeFrame,
  encodeMessage: ({ json }) => json,
  open,
  // A Buffer, because uWebSockets.js publishes one faster than a string.
  join: (opening, parts) => Buffer.from(`${opening}${parts.join(',')}]}`),
  single: (opening, { json }) => {
    const frame = `${opening}${json}]}`;
    return frame.length < SHORT ? frame : Buffer.from(frame);
  },
};

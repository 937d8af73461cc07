import { json as codec, parseCommand } from '@sluice/protocol';
import type { PushPrefix, SocketWire, WireSession } from '../protocol.ts';
import { refuseEarly } from './early.ts';
import { writeFrame } from './json-frame.ts';
import { unpack } from './unpack.ts';

/** Maximum characters for which a string is cheaper than a Buffer. */
const SHORT = 1_024;

function prefix(channel: string, epoch: string, { sub, after }: PushPrefix = {}): string {
  const subField = sub === undefined ? '' : `"sub":${sub},`;
  const afterField = after === undefined ? '' : `"after":${after},`;
  return `{"type":"messages","channel":"${channel}",${subField}"epoch":${JSON.stringify(epoch)},${afterField}"messages":[`;
}

/** Text frames. SPEC.md section 2.1. */
export const jsonWire: SocketWire & WireSession = {
  id: 'j',
  subprotocol: codec.subprotocol,
  binary: false,
  open: () => jsonWire,
  decode: (data) => unpack(codec, data),
  parse: parseCommand,
  refuseEarly,
  send: (messages, outlet) => outlet.send(writeFrame(messages), false),
  encode: writeFrame,
  encodeMessage: ({ json }) => json,
  prefix,
  // A Buffer, because uWebSockets.js publishes it faster than a string.
  join: (head, parts) => Buffer.from(`${head}${parts.join(',')}]}`),
  single: (head, { json }) => {
    const frame = `${head}${json}]}`;
    return frame.length < SHORT ? frame : Buffer.from(frame);
  },
};

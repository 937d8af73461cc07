import { parseCommand } from '@sluice/protocol';
import { msgpack } from '@sluice/protocol/msgpack';
import type { Part, PushPrefix, SocketWire, Wire, WireSession } from '../protocol.ts';
import { refuseEarly } from './early.ts';
import { unpack } from './unpack.ts';

const bytes = (value: unknown): Uint8Array => msgpack.encode(value) as Uint8Array;
const asBytes = (part: Part): Uint8Array => (typeof part === 'string' ? Buffer.from(part) : part);

/** A map with at most 15 entries (MessagePack "fixmap"), up to the value of the last one. */
function prefix(channel: string, epoch: string, { sub, after }: PushPrefix = {}): Uint8Array {
  const fields: (string | number)[] = ['type', 'messages', 'channel', channel];
  if (sub !== undefined) fields.push('sub', sub);
  fields.push('epoch', epoch);
  if (after !== undefined) fields.push('after', after);
  fields.push('messages');
  return Buffer.concat([Uint8Array.of(0x80 | ((fields.length + 1) / 2)), ...fields.map(bytes)]);
}

const join: Wire['join'] = (head, parts) =>
  Buffer.concat([asBytes(head), arrayHead(parts.length), ...parts.map(asBytes)]);

/** The head of an array: "fixarray", "array 16" or "array 32" by its length. */
function arrayHead(length: number): Uint8Array {
  if (length < 16) return Uint8Array.of(0x90 | length);
  if (length < 65_536) return Uint8Array.of(0xdc, length >>> 8, length & 0xff);
  return Uint8Array.of(0xdd, length >>> 24, (length >>> 16) & 0xff, (length >>> 8) & 0xff, length & 0xff);
}

const encode: Wire['encode'] = (messages) => msgpack.encode(messages.length === 1 ? messages[0] : messages);

/** Binary frames. SPEC.md section 2.2. */
export const msgpackWire: SocketWire & WireSession = {
  id: 'm',
  subprotocol: msgpack.subprotocol,
  binary: true,
  open: () => msgpackWire,
  decode: (data) => unpack(msgpack, data),
  parse: parseCommand,
  refuseEarly,
  send: (messages, outlet) => outlet.send(encode(messages), true),
  encode,
  encodeMessage: ({ message }) => bytes(message),
  prefix,
  join,
  single: (head, { message }) => join(head, [bytes(message)]),
};

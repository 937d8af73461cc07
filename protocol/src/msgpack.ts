import { Decoder, Encoder } from '@msgpack/msgpack';
import type { Codec } from './codec.ts';
import { LIMITS } from './limits.ts';

// A frame is small; its parts can never be larger than it is. The depth adds the envelope around `data`.
const MOST = 16 * 1024 * 1024;
const DEPTH = LIMITS.dataDepth + 8;

const encoder = new Encoder({ ignoreUndefined: true, maxDepth: DEPTH });
const decoder = new Decoder({
  maxStrLength: MOST,
  maxBinLength: 0,
  maxArrayLength: MOST,
  maxMapLength: MOST,
  maxExtLength: 0,
  mapKeyConverter: (key) => {
    if (typeof key === 'string') return key;
    throw new TypeError('a map may only have strings as keys');
  },
});

/** The binary codec: MessagePack maps and arrays with the same fields as the text codec. SPEC.md section 2.2. */
export const msgpack: Codec = {
  name: 'msgpack',
  subprotocol: 'sluice.v1.msgpack',
  binary: true,
  encode: (frame) => encoder.encode(frame),
  decode: (data) => {
    if (typeof data === 'string') throw new TypeError('a MessagePack frame travels as a binary message, not as text');
    return decoder.decode(data);
  },
};

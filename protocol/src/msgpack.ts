import { Decoder, Encoder } from '@msgpack/msgpack';
import type { Codec } from './codec.ts';
import { FRAME_DEPTH, isSoundMsgpack } from './msgpack-scan.ts';

const NIL = Uint8Array.of(0xc0);

const encoder = new Encoder({ ignoreUndefined: true, maxDepth: FRAME_DEPTH });
const decoder = new Decoder({
  maxBinLength: 0,
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
    // The decoder allocates what a header announces, so it only gets frames with correct headers.
    if (!isSoundMsgpack(data)) throw new RangeError('the headers do not describe the bytes that follow them');
    try {
      return decoder.decode(data);
    } catch (error) {
      // After an error the decoder keeps what it has read until it decodes another value.
      decoder.decode(NIL);
      throw error;
    }
  },
};

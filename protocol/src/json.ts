import type { Codec } from './codec.ts';

/** The text codec, which every gateway and client supports. SPEC.md section 2.1. */
export const json: Codec = {
  name: 'json',
  subprotocol: 'sluice.v1.json',
  binary: false,
  encode: (frame) => JSON.stringify(frame),
  decode: (data) => {
    if (typeof data !== 'string') throw new TypeError('JSON travels as text');
    return JSON.parse(data) as unknown;
  },
};

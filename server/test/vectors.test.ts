import { describe, expect, it } from 'vitest';
import { vectors } from '../../protocol/test/vectors.ts';
import { WIRES } from '../src/protocols/negotiate.ts';
import type { Wire } from '../src/protocols/protocol.ts';

/** The frame of a vector in this codec. */
const frameOf = (wire: Wire, { json, msgpack }: { json: string; msgpack: string }): string | Uint8Array =>
  wire.binary ? Buffer.from(msgpack, 'hex') : json;

describe.each(WIRES)('$subprotocol', (wire) => {
  describe('decodes every command of the vectors', () => {
    it.each(vectors('commands.json').frames)('$name', ({ valid, error, id, value, ...frame }) => {
      const parsed = wire.decode(frameOf(wire, frame)).map((one) => wire.parse(one));
      if (valid) {
        expect(parsed).toEqual((Array.isArray(value) ? value : [value]).map((command: unknown) => ({ command })));
      } else {
        const fault = { error, detail: expect.any(String), ...(id === undefined ? {} : { id }) };
        expect(parsed).toMatchObject([{ fault }]);
      }
    });
  });

  describe('encodes every reply and push of the vectors', () => {
    it.each([...vectors('replies.json').frames, ...vectors('pushes.json').frames])('$name', ({ value, ...frame }) => {
      const messages = (Array.isArray(value) ? value : [value]) as Parameters<Wire['encode']>[0];
      const written = wire.encode(messages);
      expect(wire.binary ? Buffer.from(written).toString('hex') : written).toBe(
        wire.binary ? frame.msgpack : frame.json,
      );
    });
  });

  describe('refuses every malformed frame of the vectors', () => {
    const ours = vectors('malformed.json').frames.filter(({ subprotocol }) => subprotocol === wire.subprotocol);
    it.each(ours)('$name', ({ text, binary = '' }) => {
      expect(() => wire.decode(text ?? Buffer.from(binary, 'hex'))).toThrow(/frame/);
    });
  });
});

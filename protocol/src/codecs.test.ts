import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { json } from './json.ts';
import { msgpack } from './msgpack.ts';

describe.each([json, msgpack])('$subprotocol', (codec) => {
  it('decodes what it encoded', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        fc.pre(!JSON.stringify(value).includes('__proto__'));
        fc.pre(!/\\ud[89a-f]/.test(JSON.stringify(value)));
        const plain: unknown = JSON.parse(JSON.stringify(value));
        expect(codec.decode(codec.encode(plain))).toEqual(plain);
      }),
      { numRuns: 1_000 },
    );
  });

  it('encodes to the kind of message that it declares', () => {
    expect(typeof codec.encode({}) !== 'string').toBe(codec.binary);
  });

  it('refuses the other kind', () => {
    expect(() => codec.decode(codec.binary ? '{}' : Uint8Array.of(0x80))).toThrow(/travels as/);
  });

  it('omits undefined fields', () => {
    expect(codec.decode(codec.encode({ a: undefined, b: 1 }))).toEqual({ b: 1 });
  });

  it('decodes arbitrary bytes, or throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        try {
          codec.decode(codec.binary ? bytes : Buffer.from(bytes).toString('latin1'));
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('keeps no data of one frame in the next', () => {
    const first = codec.encode({ a: 'first' });
    const copy = typeof first === 'string' ? first : Uint8Array.from(first);
    codec.encode({ b: 'second, and longer' });
    expect(first).toEqual(copy);
  });
});

import { Decoder } from '@msgpack/msgpack';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { msgpack } from './msgpack.ts';
import { FRAME_DEPTH, isSoundMsgpack } from './msgpack-scan.ts';

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));
const text = (length: number): string => '61'.repeat(length);
const numbers = (count: number): string => '01'.repeat(count);

/** Each format: its header, and exactly the bytes that it announces. */
const FORMATS: readonly (readonly [string, string, string])[] = [
  ['fixmap', '82', 'a16101a16202'],
  ['fixarray', '93', numbers(3)],
  ['fixstr', 'a3', text(3)],
  ['nil', 'c0', ''],
  ['false', 'c2', ''],
  ['true', 'c3', ''],
  ['float 32', 'ca', '3fc00000'],
  ['float 64', 'cb', '3ff8000000000000'],
  ['uint 8', 'cc', 'ff'],
  ['uint 16', 'cd', 'ffff'],
  ['uint 32', 'ce', 'ffffffff'],
  ['uint 64', 'cf', '001fffffffffffff'],
  ['int 8', 'd0', '80'],
  ['int 16', 'd1', '8000'],
  ['int 32', 'd2', '80000000'],
  ['int 64', 'd3', 'ffe0000000000001'],
  ['str 8', 'd903', text(3)],
  ['str 16', 'da0103', text(0x103)],
  ['str 32', 'db00010003', text(0x1_0003)],
  ['array 16', 'dc0103', numbers(0x103)],
  ['array 32', 'dd00010003', numbers(0x1_0003)],
  ['map 16', 'de0002', 'a16101a16202'],
  ['map 32', 'df00000002', 'a16101a16202'],
  ['positive fixint', '7f', ''],
  ['negative fixint', 'e0', ''],
];

const REFUSED = ['c1', 'c40101', 'c5000101', 'c60000000101', 'c7010501', 'c800010501', 'c90000000105', 'd40501'];

/** Maximum entries of all arrays that decoding allocates for what a header announces. */
function entriesFor(frame: Uint8Array): { readonly entries: number; readonly error: unknown } {
  let entries = 0;
  const construct = (target: ArrayConstructor, given: unknown[]): object => {
    entries += Number(given[0]);
    return Reflect.construct(target, given) as object;
  };
  vi.stubGlobal('Array', new Proxy(Array, { construct }));
  try {
    msgpack.decode(frame);
    return { entries, error: null };
  } catch (error) {
    return { entries, error };
  } finally {
    vi.unstubAllGlobals();
  }
}

describe.each(FORMATS)('a frame with %s', (_, head, body) => {
  const whole = bytes(head + body);

  it('is accepted', () => {
    const value = msgpack.decode(whole);
    expect(msgpack.decode(bytes(`92${head}${body}01`))).toEqual([value, 1]);
  });

  it('is refused if any bytes at its end are missing', () => {
    for (let end = 0; end < Math.min(whole.length, 300); end++) {
      const part = whole.subarray(0, whole.length - 1 - end);
      expect(isSoundMsgpack(part)).toBe(false);
      expect(() => msgpack.decode(part)).toThrow(RangeError);
    }
  });

  it('is refused if it is nested and truncated', () => {
    for (const outer of ['91', '81a161', '929193', 'dc0001', 'df00000001a161']) {
      expect(() => msgpack.decode(bytes(outer + head + body).subarray(0, -1))).toThrow(RangeError);
    }
  });

  it('is refused with an extra byte', () => {
    expect(() => msgpack.decode(bytes(`${head}${body}c0`))).toThrow(RangeError);
  });
});

describe('a header', () => {
  const LYING = ['da', 'db', 'dc', 'dd', 'de', 'df', '9f', '8f', 'bf'];

  it.each([
    'd9ff',
    ...LYING.flatMap((head) => ['', '00', '00ff', '00ffffff', 'ffffffff', 'ffff01'].map((rest) => head + rest)),
  ])('that announces more than the frame has is refused: %s, repeated or nested', (lie) => {
    for (const times of [1, 2, 60, 1_000]) {
      for (const around of ['', '91', '81a161', '93']) {
        const { entries, error } = entriesFor(bytes(around + lie.repeat(times)));
        expect(error).toBeInstanceOf(RangeError);
        expect(entries).toBe(0);
      }
    }
  });

  it.each(REFUSED)('of an unused format is refused, even if nested: %s', (hex) => {
    expect(isSoundMsgpack(bytes(hex))).toBe(false);
    expect(isSoundMsgpack(bytes(`81a16192${hex}01`))).toBe(false);
  });

  it('that is correct makes the decoder allocate what it announces', () => {
    expect(entriesFor(bytes(`91dc0103${numbers(0x103)}`))).toEqual({ entries: 1 + 0x103, error: null });
  });

  it('never makes the decoder allocate more entries than the frame has bytes', () => {
    const lies = fc.constantFrom('dc', 'dd', 'de', 'df', '91', '9f', '81', '8f', 'a161', '00', '00ff', 'ffff', '01');
    fc.assert(
      fc.property(fc.array(lies, { maxLength: 60 }), (parts) => {
        const frame = bytes(parts.join(''));
        expect(entriesFor(frame).entries).toBeLessThanOrEqual(frame.length);
      }),
      { numRuns: 5_000 },
    );
  });
});

describe('depth', () => {
  const LEVELS: readonly (readonly [string, string])[] = [
    ['fixarray', '91'],
    ['array 16', 'dc0001'],
    ['array 32', 'dd00000001'],
    ['fixmap', '81a161'],
    ['map 16', 'de0001a161'],
    ['map 32', 'df00000001a161'],
    ['fixarray with siblings', '9201'],
  ];

  it.each(LEVELS)('of %s is limited', (_, level) => {
    expect(isSoundMsgpack(bytes(`${level.repeat(FRAME_DEPTH)}01`))).toBe(true);
    for (const levels of [FRAME_DEPTH + 1, 20_000]) {
      expect(() => msgpack.decode(bytes(`${level.repeat(levels)}01`))).toThrow(RangeError);
    }
  });

  it.each(['9101', '919101', '9181a16101'])('does not count siblings: %s', (item) => {
    const many = bytes(`dc1000${item.repeat(0x1000)}`);
    expect(msgpack.decode(many)).toHaveLength(0x1000);
  });
});

describe('a valid frame', () => {
  const reference = new Decoder({ maxBinLength: 0, maxExtLength: 0 });

  it('is a frame that the decoder can read completely', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (frame) => {
        let readable = true;
        try {
          reference.decode(frame);
        } catch (error) {
          readable = !(error instanceof RangeError);
        }
        // Large array headers are excluded: for those the decoder allocates before it checks.
        fc.pre(!frame.some((byte) => byte === 0xdd || byte === 0xdf));
        if (isSoundMsgpack(frame)) expect(readable).toBe(true);
        else if (readable) expect(() => msgpack.decode(frame)).toThrow();
      }),
      { numRuns: 5_000 },
    );
  });

  it('includes everything that the codec encodes', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 8 }), (value) => isSoundMsgpack(msgpack.encode(value) as Uint8Array)),
      { numRuns: 1_000 },
    );
  });
});

it('keeps no data of a refused frame', () => {
  const collected = vi.spyOn(Decoder.prototype, 'decode');
  expect(() => msgpack.decode(bytes('92810102c0'))).toThrow(/strings as keys/);
  expect(() => msgpack.decode(bytes('9181a95f5f70726f746f5f5f01'))).toThrow(/__proto__/);
  // The decoder drops its stack when it decodes the next value: each refusal is followed by one.
  expect(collected.mock.calls.map(([frame]) => (frame as Uint8Array).length)).toEqual([5, 1, 13, 1]);
  collected.mockRestore();
});

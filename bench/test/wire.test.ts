import { expect, it } from 'vitest';
import { textFrame } from '../src/wire.mjs';

it.each([
  [0, [0x80]],
  [125, [0x80 | 125]],
  [126, [0xfe, 0, 126]],
  [65_535, [0xfe, 0xff, 0xff]],
  [65_536, [0xff, 0, 0, 0, 0, 0, 1, 0, 0]],
  [131_072, [0xff, 0, 0, 0, 0, 0, 2, 0, 0]],
])('a frame of %d bytes announces its length', (length, head) => {
  const frame: Buffer = textFrame('x'.repeat(length));
  expect([...frame.subarray(0, 1 + head.length)]).toEqual([0x81, ...head]);
  expect(frame.length).toBe(1 + head.length + 4 + length);
  expect(frame.subarray(1 + head.length, 1 + head.length + 4)).toEqual(Buffer.alloc(4));
});

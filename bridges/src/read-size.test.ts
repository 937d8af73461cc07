import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ReadSize } from './read-size.ts';

const MIB = 1_048_576;

/** What is asked for after each of these reads, all of whose messages have one size. */
function askedFor(most: number, sizes: readonly number[]): readonly number[] {
  const size = new ReadSize(most);
  return sizes.map((bytes) => {
    size.learn(Array.from({ length: size.next }, () => bytes));
    return size.next;
  });
}

it.each([
  ['few messages first, then as many as the bridge may have', 256, Array(6).fill(100), [32, 64, 128, 256, 256, 256]],
  ['no more than the bridge may have', 3, [1, 1], [3, 3]],
  ['fewer messages if they are large', 256, [MIB, 4 * MIB, MIB], [16, 4, 8]],
  ['one message if it is larger than all that may come', 256, [100, 100 * MIB], [32, 1]],
  ['more messages once they are small again', 256, [16 * MIB, ...Array(6).fill(1)], [1, 2, 4, 8, 16, 32, 64]],
])('a read asks for %s', (_, most, sizes, expected) => {
  expect(new ReadSize(most).next).toBe(Math.min(16, most));
  expect(askedFor(most, sizes)).toEqual(expected);
});

it('an empty read teaches nothing', () => {
  const size = new ReadSize(256);
  size.learn([]);
  expect(size.next).toBe(16);
});

it('a read brings at most 16 MiB if its messages are no larger than those of the read before', () => {
  const reads = fc.array(fc.array(fc.integer({ min: 0, max: 64 * MIB }), { maxLength: 20 }));
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10_000 }), reads, (most, sizes) => {
      const size = new ReadSize(most);
      for (const each of sizes) {
        size.learn(each);
        expect(size.next).toBeGreaterThanOrEqual(1);
        expect(size.next).toBeLessThanOrEqual(most);
        if (size.next > 1) expect(size.next * Math.max(0, ...each)).toBeLessThanOrEqual(16 * MIB);
      }
    }),
  );
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitIntoChunks } from './chunks.ts';

const bytesOf = (items: readonly unknown[]) =>
  items.reduce<number>((sum, item) => sum + Buffer.byteLength(JSON.stringify(item)), 0);

describe('chunks', () => {
  it('contain all items in order, and at most 12,000 bytes unless one item is larger', () => {
    const item = fc.integer({ min: 0, max: 15_000 }).map((length) => 'ü'.repeat(length / 2));
    fc.assert(
      fc.property(fc.array(item, { maxLength: 30 }), (items) => {
        const { chunks, bytes } = splitIntoChunks(items);
        expect(chunks.flat()).toEqual(items);
        expect(bytes).toBe(bytesOf(items));
        for (const chunk of chunks) if (chunk.length > 1) expect(bytesOf(chunk)).toBeLessThanOrEqual(12_000);
      }),
    );
  });

  it('are empty for no items', () => {
    expect(splitIntoChunks([])).toEqual({ chunks: [], bytes: 0 });
  });
});

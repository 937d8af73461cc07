import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Change, TABLES } from '../store.ts';
import { ChangeArena } from './change-arena.ts';

const bytes = (options: fc.IntArrayConstraints): fc.Arbitrary<Buffer> =>
  fc.uint8Array(options).map((array) => Buffer.from(array));

const change: fc.Arbitrary<Change> = fc.record({
  table: fc.constantFrom(...TABLES),
  key: bytes({ minLength: 1, maxLength: 40 }),
  value: fc.option(
    fc.oneof(
      bytes({ maxLength: 100 }),
      // Larger than a chunk, or so large that few fit into one.
      fc.constantFrom(20_000, 65_529, 65_536, 200_000).map((size) => Buffer.alloc(size, size % 251)),
    ),
  ),
});

/** Compares bytes as a whole: a matcher compares one after the other, which takes minutes. */
const isSame = (a: Change, b: Change): boolean => {
  if (a.table !== b.table || !a.key.equals(b.key)) return false;
  return a.value === null || b.value === null ? a.value === b.value : a.value.equals(b.value);
};

describe('an arena of changes', () => {
  it('has each change at its place', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 60, size: 'max' }), (changes) => {
        const arena = new ChangeArena();
        const places = changes.map((each) => arena.add(each));
        expect(new Set(places).size).toBe(changes.length);
        const wrong = changes.filter((each, at) => !isSame(arena.at(places[at] as number), each));
        expect(wrong).toEqual([]);
      }),
    );
  });

  it('has copies', () => {
    const arena = new ChangeArena();
    const value = Buffer.from('before');
    const place = arena.add({ table: 'messages', key: Buffer.from('key'), value });
    value.write('behind');
    expect(arena.at(place).value?.toString()).toBe('before');
  });
});

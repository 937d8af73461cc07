import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SortedList } from './sorted-list.ts';

const listOf = (...keys: string[]): SortedList<string> => {
  const list = new SortedList<string>((key) => key);
  for (const key of keys) list.add(key);
  return list;
};

describe('a sorted list', () => {
  it('iterates in the order of the keys, from any key', () => {
    const list = listOf('c', 'a', 'd');
    expect([...list]).toEqual(['a', 'c', 'd']);
    expect([...list.from('b')]).toEqual(['c', 'd']);
    expect([...list.from('c')]).toEqual(['c', 'd']);
    expect([...list.from('e')]).toEqual([]);
  });

  it('replaces an entry with the same key', () => {
    const list = new SortedList<{ key: string; value: number }>(({ key }) => key);
    list.add({ key: 'a', value: 1 });
    list.add({ key: 'a', value: 2 });
    expect([...list]).toEqual([{ key: 'a', value: 2 }]);
    expect(list.size).toBe(1);
  });

  it('keeps many entries in order', () => {
    const keys = Array.from({ length: 5_000 }, (_, n) => String((n * 7_919) % 5_000).padStart(4, '0'));
    const list = listOf(...keys);
    expect([...list]).toEqual([...keys].sort());
    for (const key of keys.slice(0, 4_000)) expect(list.delete(key)).toBe(true);
    expect([...list]).toEqual(keys.slice(4_000).sort());
    expect(list.size).toBe(1_000);
  });

  it('behaves like a map that is sorted whenever it is read', () => {
    const step = fc.record({ key: fc.string({ maxLength: 3 }), adds: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 1_500 }), fc.string({ maxLength: 3 }), (steps, from) => {
        const list = listOf();
        const model = new Set<string>();
        for (const { key, adds } of steps) {
          if (adds) list.add(key);
          else expect(list.delete(key)).toBe(model.has(key));
          if (adds) model.add(key);
          else model.delete(key);
        }
        const sorted = [...model].sort();
        expect([...list.from(from)]).toEqual(sorted.filter((key) => key >= from));
        expect(list.size).toBe(model.size);
        for (const key of sorted) expect(list.get(key)).toBe(key);
        expect(list.get(`${from}!`)).toBe(model.has(`${from}!`) ? `${from}!` : undefined);
      }),
    );
  });
});

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { SmallMap } from './small-map.ts';

const key = fc.constantFrom('a', 'b', 'c');
const step = fc.oneof(
  fc.record({ kind: fc.constant('set' as const), key, value: fc.nat() }),
  fc.record({ kind: fc.constant('delete' as const), key }),
);

it('behaves like a map under any steps', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const small = new SmallMap<string, number>();
      const map = new Map<string, number>();
      for (const one of steps) {
        if (one.kind === 'delete') expect(small.delete(one.key)).toBe(map.delete(one.key));
        else {
          small.set(one.key, one.value);
          map.set(one.key, one.value);
        }
        expect(small.size).toBe(map.size);
        expect([...small]).toEqual([...map]);
        expect([...small.keys()]).toEqual([...map.keys()]);
        expect([...small.values()]).toEqual([...map.values()]);
        for (const name of ['a', 'b', 'c']) {
          expect([small.get(name), small.has(name)]).toEqual([map.get(name), map.has(name)]);
        }
      }
    }),
  );
});

it.each([1, 3])('lets entries be deleted during the iteration, of %i', (count) => {
  const small = new SmallMap<number, number>();
  for (let at = 0; at < count; at++) small.set(at, at);
  const seen: number[] = [];
  for (const [at] of small) {
    seen.push(at);
    small.delete(at);
  }
  expect(seen).toHaveLength(count);
  expect(small.size).toBe(0);
});

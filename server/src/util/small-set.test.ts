import fc from 'fast-check';
import { expect, it } from 'vitest';
import { SmallSet } from './small-set.ts';

const ITEMS = [{ name: 'a' }, { name: 'b' }, { name: 'c' }] as const;
const item = fc.constantFrom(...ITEMS);
const step = fc.record({ kind: fc.constantFrom('add', 'delete'), item });

it('behaves like a set under any steps', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const small = new SmallSet<object>();
      const set = new Set<object>();
      for (const one of steps) {
        if (one.kind === 'delete') expect(small.delete(one.item)).toBe(set.delete(one.item));
        else {
          small.add(one.item);
          set.add(one.item);
        }
        expect(small.size).toBe(set.size);
        expect([...small]).toEqual([...set]);
      }
    }),
  );
});

it.each([1, 3])('lets items be deleted during the iteration, of %i', (count) => {
  const small = new SmallSet<object>();
  for (const each of ITEMS.slice(0, count)) small.add(each);
  let seen = 0;
  for (const each of small) {
    seen++;
    small.delete(each);
  }
  expect([seen, small.size]).toEqual([count, 0]);
});

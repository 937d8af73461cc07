import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Deque } from './deque.ts';

const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('push' as const), item: fc.nat(20) }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'shift' as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove' as const), item: fc.nat(20) }) },
);

it('behaves like an array under any pushes, shifts and removals', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const deque = new Deque<number>();
      const array: number[] = [];
      for (const one of steps) {
        if (one.kind === 'push') {
          deque.push(one.item);
          array.push(one.item);
        } else if (one.kind === 'remove') {
          deque.remove(one.item);
          if (array.includes(one.item)) array.splice(array.indexOf(one.item), 1);
        } else expect(deque.shift()).toBe(array.shift());
        expect(deque.length).toBe(array.length);
        for (let at = -1; at <= array.length; at++) expect(deque.at(at)).toBe(at < 0 ? undefined : array[at]);
      }
    }),
  );
});

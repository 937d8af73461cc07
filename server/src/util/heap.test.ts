import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Heap } from './heap.ts';

const step = fc.oneof(
  fc.record({ kind: fc.constant('push' as const), value: fc.integer({ min: 0, max: 50 }) }),
  fc.record({ kind: fc.constant('pop' as const) }),
  fc.record({ kind: fc.constant('keep' as const), modulus: fc.integer({ min: 1, max: 3 }) }),
);

describe('Heap', () => {
  it('behaves like a sorted list under any operations', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
        const heap = new Heap<number>((a, b) => a < b);
        let list: number[] = [];
        for (const one of steps) {
          if (one.kind === 'push') {
            heap.push(one.value);
            list = [...list, one.value].sort((a, b) => a - b);
          } else if (one.kind === 'pop') {
            expect(heap.pop()).toBe(list.shift());
          } else {
            const passes = (value: number) => value % one.modulus === 0;
            heap.keep(passes);
            list = list.filter(passes);
          }
          expect([heap.size, heap.peek()]).toEqual([list.length, list[0]]);
        }
      }),
      { numRuns: 150 },
    );
  });
});

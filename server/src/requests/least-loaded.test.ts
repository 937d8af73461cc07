import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LeastLoaded } from './least-loaded.ts';

interface Plain {
  load: number;
  readonly capacity: number;
  paused: boolean;
}

const item = fc.nat(5);
const step = fc.oneof(
  fc.record({ act: fc.constant('add' as const), item, capacity: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ act: fc.constantFrom('remove' as const, 'release' as const, 'pause' as const, 'resume' as const), item }),
  fc.record({ act: fc.constant('take' as const), item }),
);

const isFree = ({ load, capacity, paused }: Plain): boolean => !paused && load < capacity;

describe('the least loaded', () => {
  it('is one that a search over all would find', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
        const all = new LeastLoaded<number>();
        const plain = new Map<number, Plain>();
        for (const each of steps) {
          const known = plain.get(each.item);
          if (each.act === 'take') {
            const free = [...plain.values()].filter(isFree).map(({ load }) => load);
            const taken = all.take();
            const entry = taken === undefined ? undefined : plain.get(taken);
            expect(entry?.load).toBe(free.length === 0 ? undefined : Math.min(...free));
            if (entry !== undefined) entry.load++;
          } else if (each.act === 'add') {
            all.add(each.item, each.capacity);
            plain.set(each.item, { load: 0, capacity: each.capacity, paused: false });
          } else if (each.act === 'remove') {
            all.remove(each.item);
            plain.delete(each.item);
          } else if (known !== undefined && (each.act !== 'release' || known.load > 0)) {
            all[each.act](each.item);
            if (each.act === 'release') known.load--;
            else known.paused = each.act === 'pause';
          }
          const sum = (of: (entry: Plain) => number) =>
            [...plain.values()].reduce((total, entry) => total + of(entry), 0);
          expect([all.size, all.load, all.capacity]).toEqual([
            plain.size,
            sum(({ load }) => load),
            sum(({ capacity }) => capacity),
          ]);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('takes turns among those with the same load', () => {
    const all = new LeastLoaded<string>();
    for (const name of ['a', 'b', 'c']) all.add(name, 2);
    const taken = [1, 2, 3, 4, 5, 6, 7].map(() => all.take());
    expect(taken).toEqual(['a', 'b', 'c', 'a', 'b', 'c', undefined]);
    all.release('b');
    expect(all.take()).toBe('b');
  });
});

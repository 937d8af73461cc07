import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChurningMap } from './churning-map.ts';

const KEY = fc.integer({ min: 0, max: 60 });

const STEP = fc.oneof(
  { weight: 20, arbitrary: fc.record({ type: fc.constant('set'), key: KEY, value: fc.nat() }) },
  { weight: 15, arbitrary: fc.record({ type: fc.constant('delete'), key: KEY, value: fc.constant(0) }) },
  { weight: 1, arbitrary: fc.constant({ type: 'clear', key: 0, value: 0 }) },
);

describe('a map whose entries come and go', () => {
  it('holds what a map holds, in the same order', () => {
    fc.assert(
      fc.property(fc.array(STEP, { maxLength: 400, size: 'max' }), (steps) => {
        const map = new ChurningMap<number, number>();
        const model = new Map<number, number>();
        for (const { type, key, value } of steps) {
          if (type === 'set') {
            map.set(key, value);
            model.set(key, value);
          } else if (type === 'delete') expect(map.delete(key)).toBe(model.delete(key));
          else {
            map.clear();
            model.clear();
          }
          expect(map.size).toBe(model.size);
          expect(map.get(key)).toBe(model.get(key));
        }
        expect([...map]).toEqual([...model]);
        expect([...map.keys()]).toEqual([...model.keys()]);
        expect([...map.values()]).toEqual([...model.values()]);
      }),
    );
  });

  it('may lose entries during an iteration', () => {
    const map = new ChurningMap<number, string>();
    for (let key = 0; key < 100; key++) map.set(key, 'x');
    for (const [key] of map) if (key % 2 === 0) map.delete(key);
    expect([...map.keys()]).toEqual(Array.from({ length: 50 }, (_, at) => 2 * at + 1));
  });
});

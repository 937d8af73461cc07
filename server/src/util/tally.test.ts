import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Tally } from './tally.ts';

const step = fc.record({ name: fc.constantFrom('a', 'b', 'c'), isAdded: fc.boolean() });

it('counts as a model does, and forgets names that have gone', () => {
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const tally = new Tally();
      const model: string[] = [];
      for (const { name, isAdded } of steps) {
        const at = model.indexOf(name);
        if (isAdded) model.push(name);
        else if (at >= 0) model.splice(at, 1);
        if (isAdded) tally.add(name);
        else tally.remove(name);
      }
      for (const name of ['a', 'b', 'c']) expect(tally.of(name)).toBe(model.filter((other) => other === name).length);
      expect(tally.size).toBe(new Set(model).size);
    }),
  );
});

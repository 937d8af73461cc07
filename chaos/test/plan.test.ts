import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeFault, makePlan, type PlanOptions } from '../src/plan.ts';

const options: PlanOptions = {
  seed: 7,
  engine: 'redis',
  nodes: 3,
  clients: 50,
  length: 600_000,
  every: 1_000,
  empty: true,
};

describe('the plan of faults', () => {
  it('is the same for the same seed, and different for another seed', () => {
    expect(makePlan(options)).toEqual(makePlan(options));
    expect(makePlan(options)).not.toEqual(makePlan({ ...options, seed: 8 }));
  });

  it('contains every kind of fault early', () => {
    const kinds = new Set(makePlan({ ...options, length: 60_000 }).map(({ fault }) => fault.kind));
    expect([...kinds].sort()).toEqual(
      [
        'cut',
        'drain',
        'kill',
        'link-cut',
        'link-stall',
        'mute',
        'redis-empty',
        'redis-kill',
        'reload',
        'slow',
        'stall',
      ].sort(),
    );
  });

  it('has no faults of Redis without Redis, and keeps the data of Redis unless it may be lost', () => {
    const kinds = (changed: Partial<PlanOptions>) =>
      makePlan({ ...options, ...changed }).map(({ fault }) => fault.kind);
    expect(kinds({ engine: 'memory', nodes: 1 }).filter((kind) => /redis|link/.test(kind))).toEqual([]);
    expect(kinds({ empty: false })).not.toContain('redis-empty');
  });

  it('names only existing nodes and clients, and describes each fault completely', () => {
    const numbers = fc.record({
      seed: fc.nat(),
      nodes: fc.integer({ min: 1, max: 5 }),
      clients: fc.integer({ min: 1, max: 9 }),
    });
    const property = fc.property(numbers, (some) => {
      for (const { fault } of makePlan({ ...options, ...some, length: 30_000 })) {
        if ('node' in fault) expect(fault.node).toBeLessThan(some.nodes);
        if ('clients' in fault) expect(new Set(fault.clients).size).toBe(fault.clients.length);
        if ('clients' in fault) expect(Math.max(...fault.clients)).toBeLessThan(some.clients);
        expect(describeFault(fault)).toContain(fault.kind);
      }
    });
    fc.assert(property, { numRuns: 50 });
  });
});

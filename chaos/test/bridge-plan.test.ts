import { describe, expect, it } from 'vitest';
import { describeBridgeFault, makeBridgePlan } from '../src/bridges/plan.ts';

const options = {
  seed: 7,
  engine: 'redis',
  nodes: 2,
  systems: ['redis', 'nats'],
  length: 60_000,
  every: 2_000,
} as const;

describe('the plan of a soak of bridges', () => {
  it('is the same for the same seed', () => {
    expect(makeBridgePlan(options)).toEqual(makeBridgePlan(options));
    expect(makeBridgePlan({ ...options, seed: 8 })).not.toEqual(makeBridgePlan(options));
  });

  it('begins with one fault of each kind, and of each broker', () => {
    const first = makeBridgePlan(options).slice(0, 5);
    const kinds = first.map(({ fault }) => (fault.kind === 'broker-kill' ? fault.system : fault.kind));
    expect(kinds.toSorted()).toEqual(['engine-kill', 'gateway-drain', 'gateway-kill', 'nats', 'redis']);
  });

  it('ends no Redis of an engine that has none', () => {
    const plan = makeBridgePlan({ ...options, engine: 'durable', nodes: 1, length: 600_000 });
    expect(plan.map(({ fault }) => fault.kind)).not.toContain('engine-kill');
  });

  it('describes a fault with its target', () => {
    expect(describeBridgeFault({ kind: 'broker-kill', system: 'nats', length: 20 })).toBe('broker-kill nats for 20 ms');
    expect(describeBridgeFault({ kind: 'gateway-kill', node: 1, length: 20 })).toBe('gateway-kill node 1 for 20 ms');
  });
});

import { Dice } from '../dice.ts';

/** One fault. `length`: milliseconds until what was ended starts again. */
export type BridgeFault =
  | { readonly kind: 'gateway-kill' | 'gateway-drain'; readonly node: number; readonly length: number }
  | { readonly kind: 'broker-kill'; readonly system: string; readonly length: number }
  | { readonly kind: 'engine-kill'; readonly length: number };

export interface BridgeStep {
  /** Milliseconds after the step before. */
  readonly pause: number;
  readonly fault: BridgeFault;
}

export interface BridgePlanOptions {
  readonly seed: number;
  /** The engine of the gateways; with `redis`, that Redis is killed, too. */
  readonly engine: 'durable' | 'redis';
  readonly nodes: number;
  readonly systems: readonly string[];
  /** Milliseconds in which new faults begin. */
  readonly length: number;
  /** Average milliseconds between two faults. */
  readonly every: number;
}

type Maker = (dice: Dice) => BridgeFault;

function makers({ engine, nodes, systems }: BridgePlanOptions): readonly Maker[] {
  const gateway =
    (kind: 'gateway-kill' | 'gateway-drain'): Maker =>
    (dice) => ({ kind, node: dice.whole(0, nodes - 1), length: dice.whole(0, 1_500) });
  const brokers = systems.map(
    (system): Maker =>
      (dice) => ({ kind: 'broker-kill', system, length: dice.whole(0, 3_000) }),
  );
  const redis: Maker = (dice) => ({ kind: 'engine-kill', length: dice.whole(0, 2_000) });
  return [gateway('gateway-kill'), gateway('gateway-drain'), ...brokers, ...(engine === 'redis' ? [redis] : [])];
}

/** The faults of a soak of bridges and their times. The same options give the same plan. */
export function makeBridgePlan(options: BridgePlanOptions): readonly BridgeStep[] {
  const dice = new Dice(options.seed);
  const kinds = makers(options);
  // The plan begins with one fault of each kind, so that a short run covers all of them.
  const first = dice.some(kinds.length, kinds.length);
  const steps: BridgeStep[] = [];
  for (let time = 0; ; ) {
    const pause = dice.whole(Math.ceil(options.every / 5), options.every * 2);
    time += pause;
    if (time > options.length) return steps;
    const make = kinds[first.shift() ?? dice.whole(0, kinds.length - 1)];
    if (make !== undefined) steps.push({ pause, fault: make(dice) });
  }
}

/** Describes a fault, for the report. */
export function describeBridgeFault(fault: BridgeFault): string {
  const what = fault.kind === 'broker-kill' ? ` ${fault.system}` : 'node' in fault ? ` node ${fault.node}` : '';
  return `${fault.kind}${what} for ${fault.length} ms`;
}

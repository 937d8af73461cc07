import { BURSTS } from './channels.ts';
import { Dice } from './dice.ts';

/** The engines that chaos tests. */
export type EngineName = 'memory' | 'durable' | 'redis';

/** One fault. `length`: milliseconds until it is repaired. */
export type Fault =
  | { readonly kind: 'kill' | 'drain'; readonly node: number; readonly length: number }
  | { readonly kind: 'redis-kill' | 'redis-empty'; readonly length: number }
  | { readonly kind: 'link-cut' | 'link-stall'; readonly node: number; readonly length: number }
  | {
      readonly kind: 'cut' | 'stall' | 'mute' | 'reload';
      readonly clients: readonly number[];
      readonly length: number;
    }
  | {
      readonly kind: 'slow';
      readonly clients: readonly number[];
      readonly length: number;
      readonly channel: string;
      readonly messages: number;
    };

export interface Step {
  /** Milliseconds after the step before. */
  readonly pause: number;
  readonly fault: Fault;
}

export interface PlanOptions {
  readonly seed: number;
  readonly engine: EngineName;
  readonly nodes: number;
  readonly clients: number;
  /** Milliseconds in which new faults begin. */
  readonly length: number;
  /** Average milliseconds between two faults. */
  readonly every: number;
  /** May Redis restart without its data? */
  readonly empty: boolean;
}

type Maker = (dice: Dice, options: PlanOptions) => Fault;

const crowd = (dice: Dice, { clients }: PlanOptions) => dice.some(dice.whole(1, Math.ceil(clients / 2)), clients);
const gateway =
  (kind: 'kill' | 'drain'): Maker =>
  (dice, { nodes }) => ({ kind, node: dice.whole(0, nodes - 1), length: dice.whole(0, 1_500) });
const link =
  (kind: 'link-cut' | 'link-stall'): Maker =>
  (dice, { nodes }) => ({ kind, node: dice.whole(0, nodes - 1), length: dice.whole(0, 6_000) });
const redis =
  (kind: 'redis-kill' | 'redis-empty'): Maker =>
  (dice) => ({ kind, length: dice.whole(0, 2_000) });
const network =
  (kind: 'cut' | 'stall' | 'mute' | 'reload'): Maker =>
  (dice, options) => ({ kind, clients: crowd(dice, options), length: kind === 'cut' ? 0 : dice.whole(100, 4_000) });
const slow: Maker = (dice, { clients }) => ({
  kind: 'slow',
  clients: dice.some(dice.whole(1, 4), clients),
  length: dice.whole(1_000, 4_000),
  channel: dice.pick(BURSTS),
  messages: dice.whole(100, 200),
});

/** The possible faults, repeated by weight. */
function makers({ engine, nodes, empty }: PlanOptions): Maker[] {
  const always = [
    ...(nodes > 1 ? [gateway('kill'), gateway('drain')] : []),
    ...[gateway('kill'), gateway('drain')],
    ...[network('cut'), network('cut'), network('stall'), network('mute'), network('reload'), slow, slow],
  ];
  const remote = [link('link-cut'), link('link-stall'), redis('redis-kill'), ...(empty ? [redis('redis-empty')] : [])];
  return engine === 'redis' ? [...always, ...remote, ...remote] : always;
}

/** The faults of a run and their times. The same options give the same plan. */
export function makePlan(options: PlanOptions): readonly Step[] {
  const dice = new Dice(options.seed);
  const kinds = makers(options);
  const steps: Step[] = [];
  // The plan begins with one fault of each kind, in random order, so that a short run covers all of
  // them.
  const first = dice.some(kinds.length, kinds.length);
  for (let time = 0; ; ) {
    const pause = dice.whole(Math.ceil(options.every / 5), options.every * 2);
    time += pause;
    if (time > options.length) return steps;
    const make = kinds[first.shift() ?? dice.whole(0, kinds.length - 1)];
    if (make !== undefined) steps.push({ pause, fault: make(dice, options) });
  }
}

/** Describes a fault, for the report and the log of a client. */
export function describeFault(fault: Fault): string {
  const { kind, length } = fault;
  const where = 'node' in fault ? ` node ${fault.node}` : 'clients' in fault ? ` clients ${fault.clients.join()}` : '';
  const what = kind === 'slow' ? `, ${fault.messages} large messages on ${fault.channel}` : '';
  return `${kind}${where}${length > 0 ? ` for ${length} ms` : ''}${what}`;
}

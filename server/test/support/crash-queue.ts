import { OPTIONS } from '../../src/engine/conformance/groups-bench.ts';
import type { DurableEngine } from '../../src/engine/durable/durable-engine.ts';
import { UNTIL_SETTLED } from '../../src/engine/engine.ts';
import type { GroupOptions, GroupRef } from '../../src/engine/groups.ts';

export const QUEUE: GroupRef = { channel: 'jobs', group: 'queue' };

export const CONSUMER: GroupOptions = { ...OPTIONS, queue: true };

/** A line of the process that is killed: offsets. */
export type QueueEvent =
  | { readonly published: number }
  /** It asks to settle these deliveries. */
  | { readonly settling: readonly number[] }
  /** The engine has confirmed it. */
  | { readonly settled: readonly number[]; readonly dead: boolean };

export function appendToQueue(engine: DurableEngine, key: string, fill: string) {
  const queue = { group: QUEUE.group, maxLength: 100_000, overflow: 'reject' } as const;
  const options = { retention: UNTIL_SETTLED, window: 60_000, key, queue };
  return engine.append(QUEUE.channel, { id: `m${key}`, time: Date.now(), data: { key, fill } }, options);
}

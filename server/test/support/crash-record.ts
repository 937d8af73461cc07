import type { PublishResult } from '@sluice/protocol';
import type { Entry, Retention } from '../../src/engine/engine.ts';

const HOUR = 3_600_000;

export interface FloodChannel {
  readonly name: string;
  readonly retention: Retention;
}

/** Three channels that keep everything, one that keeps little, one that keeps nothing. */
export const CHANNELS: readonly [FloodChannel, ...FloodChannel[]] = [
  { name: 'all:1', retention: { count: 1_000_000, age: HOUR } },
  { name: 'all:2', retention: { count: 1_000_000, age: HOUR } },
  { name: 'all:3', retention: { count: 1_000_000, age: HOUR } },
  { name: 'few:1', retention: { count: 20, age: HOUR } },
  { name: 'none:1', retention: null },
];

/** The channel of the `n`th message of a run. */
export const channelOf = (n: number): FloodChannel => CHANNELS[(n * 7) % CHANNELS.length] ?? CHANNELS[0];

/** A line of the publishing process about an acknowledged message. */
export interface Acknowledged extends PublishResult {
  readonly channel: string;
  readonly key: string;
}

export type FloodEntry = Entry & { readonly data: { readonly key: string; readonly fill: string } };

/** The `n`th message of a run. Its data contains the key, so that tests can find repeats. */
export function floodEntry({ run, n, size = 0 }: { run: number; n: number; size?: number }): FloodEntry {
  const key = keyOf(run, n);
  return { id: `m${key}`, time: Date.now(), data: { key, fill: `${key};`.repeat(Math.ceil(size / (key.length + 1))) } };
}

export const keyOf = (run: number, n: number): string => `${run}-${n}`;

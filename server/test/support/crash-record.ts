import type { PublishResult } from '@sluice/protocol';
import type { Entry, Retention } from '../../src/engine/engine.ts';

const HOUR = 3_600_000;

export interface FloodChannel {
  readonly name: string;
  readonly retention: Retention;
}

/** Three that keep everything, one that keeps little, one that keeps nothing. */
export const CHANNELS: readonly [FloodChannel, ...FloodChannel[]] = [
  { name: 'all:1', retention: { count: 1_000_000, age: HOUR } },
  { name: 'all:2', retention: { count: 1_000_000, age: HOUR } },
  { name: 'all:3', retention: { count: 1_000_000, age: HOUR } },
  { name: 'few:1', retention: { count: 20, age: HOUR } },
  { name: 'none:1', retention: null },
];

/** Where a life publishes its `n`th message. */
export const channelOf = (n: number): FloodChannel => CHANNELS[(n * 7) % CHANNELS.length] ?? CHANNELS[0];

/** What the flooding process said: a message was acknowledged. */
export interface Acknowledged extends PublishResult {
  readonly channel: string;
  readonly key: string;
}

export type FloodEntry = Entry & { readonly data: { readonly key: string; readonly fill: string } };

/** The message that the life publishes as its `n`th: the key is in it, so that a repeat can be found. */
export function floodEntry({ life, n, size = 0 }: { life: number; n: number; size?: number }): FloodEntry {
  const key = keyOf(life, n);
  return { id: `m${key}`, time: Date.now(), data: { key, fill: `${key};`.repeat(Math.ceil(size / (key.length + 1))) } };
}

export const keyOf = (life: number, n: number): string => `${life}-${n}`;

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import { DurableEngine } from '../../src/engine/durable/durable-engine.ts';
import type { OpenOptions } from '../../src/engine/durable/journal/journaled-store.ts';
import type { AppendOptions, Signal } from '../../src/engine/engine.ts';
import { ManualClock } from '../../src/util/clock.ts';
import { HeldStore } from './held-store.ts';

export const HOUR = 3_600_000;
export const KEEP: AppendOptions = { retention: { count: 1_000, age: HOUR }, window: 300_000 };

const folders: string[] = [];
const engines: DurableEngine[] = [];

/** A new folder, removed after the test. */
export function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'sluice-'));
  folders.push(made);
  return made;
}

afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.close();
  for (const made of folders.splice(0)) rmSync(made, { recursive: true, force: true });
});

/** A started durable engine over a store that the test holds back. */
export interface DurableWorld {
  readonly engine: DurableEngine;
  readonly clock: ManualClock;
  readonly data: string;
  readonly store: HeldStore;
  /** Offsets that were announced. */
  readonly received: number[];
  readonly signals: Signal[];
}

/** Opens an engine, perhaps on what another has left. */
export async function open(
  before: { data: string; clock?: ManualClock } = { data: folder() },
  options: { maxSize?: number } = {},
): Promise<DurableWorld> {
  const { data, clock = new ManualClock() } = before;
  const received: number[] = [];
  const signals: Signal[] = [];
  const stores: HeldStore[] = [];
  const openStore = async (path: string, opening: OpenOptions) => {
    const store = await HeldStore.open(path, opening);
    stores.push(store);
    return store;
  };
  const engine = new DurableEngine({ data, clock, openStore, ...options });
  await engine.start({
    deliver: (_channel, _epoch, { offset }) => received.push(offset),
    signal: (signal) => signals.push(signal),
  });
  engines.push(engine);
  const [store] = stores;
  if (store === undefined) throw new Error('no store was opened');
  store.writes = 0;
  return { engine, clock, data, store, received, signals };
}

let count = 0;

/** The id of the latest message. */
export const lastId = (): string => `m${count}`;

export const append = ({ engine, clock }: DurableWorld, channel = 'a', options = KEEP, data: string | null = null) =>
  engine.append(channel, { id: `m${++count}`, time: clock.now(), data }, options);

/** Appends several messages at once. */
export async function fill(world: DurableWorld, times: number, options = KEEP, channel = 'a'): Promise<void> {
  await Promise.all(Array.from({ length: times }, () => append(world, channel, options)));
}

/** Closes the engine and opens its folder again. */
export async function restart(world: DurableWorld, options: { maxSize?: number } = {}): Promise<DurableWorld> {
  await world.engine.close();
  return open(world, options);
}

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { DurableEngine } from '../src/engine/durable/durable-engine.ts';
import type { Engine } from '../src/engine/engine.ts';
import { MemoryEngine } from '../src/engine/memory/memory-engine.ts';
import { SluiceError } from '../src/sluice-error.ts';
import { ManualClock } from '../src/util/clock.ts';
import { type NodeEngine, SharedEngine } from './support/node-engine.ts';
import { World } from './support/world.ts';

const CHANNEL = 'later:a';
const NODES = 3;
const CONFIG = {
  channels: { 'later:{id}': { allow: { '*': 'users' }, history: { count: 1_000, age: '1d' }, schedule: {} } },
  schedules: { tick: { channel: 'ticks:a', cron: '*/2 * * * * *', catchUp: 'once' } },
} as const;
const WITH_TICKS = { ...CONFIG, channels: { ...CONFIG.channels, 'ticks:{id}': CONFIG.channels['later:{id}'] } };

type Step =
  | { readonly type: 'schedule'; readonly node: number; readonly delay: number }
  | { readonly type: 'withdraw'; readonly node: number; readonly which: number }
  | { readonly type: 'pass'; readonly duration: number }
  | { readonly type: 'kill'; readonly node: number; readonly after: number }
  | { readonly type: 'start'; readonly node: number };

/** What the model knows of a message: its data is its number. */
interface Scheduled {
  readonly at: number;
  readonly since: number;
  id: string | undefined;
  /** `unknown`: its node died before the answer. */
  state: 'waits' | 'withdrawn' | 'unknown';
}

const node = fc.nat(NODES - 1);
const steps = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ type: fc.constant('schedule' as const), node, delay: fc.nat(3_000) }) },
    { weight: 2, arbitrary: fc.record({ type: fc.constant('withdraw' as const), node, which: fc.nat(30) }) },
    { weight: 5, arbitrary: fc.record({ type: fc.constant('pass' as const), duration: fc.nat(800) }) },
    { weight: 2, arbitrary: fc.record({ type: fc.constant('kill' as const), node, after: fc.nat(6) }) },
    { weight: 2, arbitrary: fc.record({ type: fc.constant('start' as const), node }) },
  ),
  { maxLength: 40, size: 'max' },
);

/** Nodes that share an engine and the time. */
class Cluster {
  readonly #shared: SharedEngine;
  readonly #engineClock: ManualClock;
  readonly #nodes: ({ readonly world: World; readonly engine: NodeEngine } | undefined)[] = [];
  readonly scheduled: Scheduled[] = [];
  readonly #worlds: World[] = [];

  constructor(create: (clock: ManualClock) => Engine) {
    this.#engineClock = new ManualClock();
    this.#shared = new SharedEngine(create(this.#engineClock));
  }

  get now(): number {
    return this.#engineClock.now();
  }

  #living(slot: number) {
    const found = this.#nodes[slot];
    return found?.engine.isKilled === false ? found : undefined;
  }

  async start(slot: number): Promise<World> {
    const living = this.#living(slot);
    if (living !== undefined) return living.world;
    const engine = this.#shared.node();
    const world = new World(WITH_TICKS, { engine: () => engine });
    world.clock.set(this.now - world.clock.now());
    await world.gateway.start();
    this.#nodes[slot] = { world, engine };
    this.#worlds.push(world);
    await this.idle();
    return world;
  }

  async pass(duration: number): Promise<void> {
    for (let left = duration; left > 0; left -= 50) {
      for (const { clock } of this.#worlds) clock.advance(Math.min(50, left));
      this.#engineClock.advance(Math.min(50, left));
      await this.idle();
    }
  }

  /** Waits until no node has anything to do at this time. */
  async idle(): Promise<void> {
    for (let quiet = 0; quiet < 8; ) {
      await nextTurn();
      quiet = this.#nodes.some((found) => found !== undefined && found.engine.pending > 0) ? 0 : quiet + 1;
    }
  }

  async carryOut(step: Step): Promise<void> {
    if (step.type === 'pass') await this.pass(step.duration);
    else if (step.type === 'start') await this.start(step.node);
    else if (step.type === 'kill') this.#nodes[step.node]?.engine.killAfter(step.after);
    else if (step.type === 'schedule') await this.#schedule(step);
    else await this.#withdraw(step);
  }

  async #schedule({ node: slot, delay }: { node: number; delay: number }): Promise<void> {
    const living = this.#living(slot);
    if (living === undefined) return;
    const entry: Scheduled = { at: this.now + delay, since: this.now, id: undefined, state: 'waits' };
    const data = this.scheduled.push(entry) - 1;
    try {
      entry.id = (await living.world.gateway.schedule(CHANNEL, data, { delay })).id;
    } catch (error) {
      expect(error).toMatchObject({ name: 'unavailable' });
      entry.state = 'unknown';
    }
    await this.idle();
  }

  async #withdraw({ node: slot, which }: { node: number; which: number }): Promise<void> {
    const living = this.#living(slot);
    const entry = this.scheduled[which];
    if (living === undefined || entry?.id === undefined) return;
    const isEarly = entry.at > this.now && entry.state === 'waits';
    try {
      await living.world.gateway.unschedule(CHANNEL, entry.id);
      entry.state = isEarly ? 'withdrawn' : 'unknown';
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      if (error.name === 'unavailable') entry.state = 'unknown';
      else expect([error.name, isEarly]).toEqual(['not_scheduled', false]);
    }
    await this.idle();
  }

  async check(): Promise<void> {
    const world = await this.start(NODES); // which no step kills
    await this.pass(8_000);
    const { messages } = await world.services.log.read(CHANNEL, 0, 1_000);
    const published = messages.map(({ message: { data, time } }) => ({ data: data as number, time }));
    const counts = new Map<number, number>();
    for (const { data } of published) counts.set(data, (counts.get(data) ?? 0) + 1);
    for (const [data, { state }] of this.scheduled.entries()) {
      const count = counts.get(data) ?? 0;
      if (state === 'waits') expect([data, count]).toEqual([data, 1]);
      if (state === 'withdrawn') expect([data, count]).toEqual([data, 0]);
      expect(count).toBeLessThan(2);
    }
    this.#checkOrder(published);
    expect((await world.gateway.schedules(CHANNEL)).messages).toEqual([]);
    await this.#checkTicks(world);
  }

  /** Never early, and in the order of their times: unless one was scheduled only after the other was published. */
  #checkOrder(published: readonly { readonly data: number; readonly time: number }[]): void {
    for (const [at, { data, time }] of published.entries()) {
      const entry = this.scheduled[data];
      expect(time).toBeGreaterThanOrEqual(entry?.at ?? Number.POSITIVE_INFINITY);
      for (const earlier of published.slice(0, at)) {
        const before = this.scheduled[earlier.data];
        if (before === undefined || entry === undefined || before.at <= entry.at) continue;
        expect(entry.since).toBeGreaterThanOrEqual(earlier.time);
      }
    }
  }

  /** No time of the recurring schedule twice. */
  async #checkTicks(world: World): Promise<void> {
    const { messages } = await world.services.log.read('ticks:a', 0, 1_000);
    const seconds = messages.map(({ message: { time } }) => Math.floor(time / 2_000));
    expect(seconds.length).toBeGreaterThan(0);
    expect(new Set(seconds).size).toBe(seconds.length);
  }

  async close(): Promise<void> {
    for (const world of this.#worlds) {
      const closing = world.gateway.close();
      world.clock.advance(60_000);
      await closing;
    }
    await this.#shared.close();
  }
}

const folder = mkdtempSync(join(tmpdir(), 'sluice-schedules-model-'));
afterAll(() => rmSync(folder, { recursive: true }));
let folders = 0;

describe.each([
  { name: 'memory', runs: 60, create: (clock: ManualClock): Engine => new MemoryEngine({ clock }) },
  {
    name: 'durable',
    runs: 6,
    create: (clock: ManualClock): Engine =>
      new DurableEngine({ data: join(folder, String(++folders)), maxSize: null, clock }),
  },
])('nodes that share a $name engine, and are killed at any moment', ({ create, runs }) => {
  it('publish what was scheduled once, in order, never early, and never what was withdrawn', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (given) => {
        const cluster = new Cluster(create);
        await cluster.start(0);
        for (const step of given) await cluster.carryOut(step);
        await cluster.check();
        await cluster.close();
      }),
      { numRuns: runs },
    );
  });
});

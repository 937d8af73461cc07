import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { HeldStore } from '../../../test/support/held-store.ts';
import { ManualClock } from '../../util/clock.ts';
import { testEngine } from '../conformance/engine-conformance.ts';
import { presenceConformance } from '../conformance/presence-conformance.ts';
import { type AppendOptions, EngineFull, EngineUnavailable, type Signal } from '../engine.ts';
import { DurableEngine } from './durable-engine.ts';
import type { OpenOptions } from './journal/journaled-store.ts';

const HOUR = 3_600_000;
const KEEP: AppendOptions = { retention: { count: 1_000, age: HOUR }, window: 300_000 };

const folders: string[] = [];
const engines: DurableEngine[] = [];

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'sluice-'));
  folders.push(made);
  return made;
}

afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.close();
  for (const made of folders.splice(0)) rmSync(made, { recursive: true, force: true });
});

testEngine('durable', (clock) => new DurableEngine({ data: folder(), clock }));

presenceConformance('the durable engine', () => {
  const clock = new ManualClock();
  const { presence } = new DurableEngine({ data: '', clock });
  return { store: presence, now: () => clock.now(), set: (by) => clock.set(by), pass: (ms) => clock.advance(ms) };
});

interface World {
  readonly engine: DurableEngine;
  readonly clock: ManualClock;
  readonly data: string;
  readonly store: HeldStore;
  /** Offsets that were announced. */
  readonly received: number[];
  readonly signals: Signal[];
}

/** Opens an engine, perhaps on what another has left. */
async function open(
  before: { data: string; clock?: ManualClock } = { data: folder() },
  options: { maxSize?: number } = {},
): Promise<World> {
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
const append = ({ engine, clock }: World, channel = 'a', options = KEEP, data: string | null = null) =>
  engine.append(channel, { id: `m${++count}`, time: clock.now(), data }, options);

async function fill(world: World, times: number, options = KEEP, channel = 'a'): Promise<void> {
  await Promise.all(Array.from({ length: times }, () => append(world, channel, options)));
}

async function restart(world: World, options: { maxSize?: number } = {}): Promise<World> {
  await world.engine.close();
  return open(world, options);
}

describe('the durable engine, opened again', () => {
  it('has the messages, the head and the epoch', async () => {
    const world = await open();
    await fill(world, 5, { ...KEEP, retention: { count: 3, age: HOUR } });
    const before = await world.engine.read('a', 0, 10);
    const after = await restart(world);
    expect(await after.engine.read('a', 0, 10)).toEqual(before);
    expect(await append(after)).toMatchObject({ epoch: before.epoch, offset: 6 });
  });

  it('remembers keys, as long as their window', async () => {
    const world = await open();
    const keyed = { ...KEEP, window: 1_000, key: 'k' };
    const first = await append(world, 'a', keyed);
    world.clock.advance(999);
    const after = await restart(world);
    expect(await append(after, 'a', keyed)).toEqual(first);
    after.clock.advance(1);
    expect(await append(after, 'a', keyed)).toMatchObject({ offset: 2 });
  });

  it('counts on where nothing is kept', async () => {
    const world = await open();
    await fill(world, 3, { retention: null, window: 0 });
    const after = await restart(world);
    expect(await append(after, 'a', { retention: null, window: 0 })).toMatchObject({ offset: 4 });
  });

  it('remembers revocations until they expire', async () => {
    const world = await open();
    const until = world.clock.now() + 60_000;
    await world.engine.add({ user: 'ada', until });
    await world.engine.add({ user: 'bob', until: until + 60_000 });
    const after = await restart(world);
    expect(await after.engine.all()).toEqual([
      { user: 'ada', until },
      { user: 'bob', until: until + 60_000 },
    ]);
    after.clock.advance(60_000);
    await expect.poll(() => [...after.store.rows('revocations', { limit: 9 })].length).toBe(1);
  });

  it('never gives two channels one epoch and one place in the store', async () => {
    let world = await open();
    for (let at = 0; at < 3; at++) {
      await append(world, `c${at}`);
      world = await restart(world);
    }
    for (let at = 0; at < 3; at++) {
      expect((await world.engine.read(`c${at}`, 0, 9)).messages).toHaveLength(1);
    }
  });

  it('is a list with a window and a memory of keys, whenever it is opened again', async () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.record({ kind: fc.constant('append' as const), key: fc.option(fc.nat(3)) }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 150 }) }) },
      { weight: 1, arbitrary: fc.constant({ kind: 'restart' as const }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        let world = await open();
        const { epoch } = await world.engine.read('a', 0, 0);
        const keys = new Map<number, { offset: number; until: number }>();
        let list: { offset: number; time: number }[] = [];
        let head = 0;
        for (const one of steps) {
          const now = world.clock.now();
          if (one.kind === 'pass') world.clock.advance(one.ms);
          else if (one.kind === 'restart') world = await restart(world);
          else {
            const known = one.key === null ? undefined : keys.get(one.key);
            const repeated = known !== undefined && known.until > now;
            if (!repeated) list.push({ offset: ++head, time: now });
            if (one.key !== null && !repeated) keys.set(one.key, { offset: head, until: now + 200 });
            const key = one.key === null ? {} : { key: `k${one.key}` };
            const placed = await append(world, 'a', { retention: { count: 5, age: 300 }, window: 200, ...key });
            expect(placed).toMatchObject({ epoch, offset: repeated ? known.offset : head });
          }
          list = list.slice(-5).filter(({ time }) => time >= world.clock.now() - 300);
          const page = await world.engine.read('a', 0, 99);
          expect({ epoch: page.epoch, head: page.head, first: page.first }).toEqual({
            epoch,
            head,
            first: head - list.length + 1,
          });
          expect(page.messages.map(({ offset, message }) => ({ offset, time: message.time }))).toEqual(list);
        }
        await world.engine.close();
      }),
      { numRuns: 40 },
    );
  });

  it('begins a new epoch when its files come from a backup', async () => {
    const world = await open();
    const { epoch } = await append(world);
    writeFileSync(join(world.data, 'restored'), '');
    const restored = await restart(world);
    const page = await restored.engine.read('a', 0, 9);
    expect(page.messages).toHaveLength(1);
    expect(page.epoch).not.toBe(epoch);
    const again = await restart(restored);
    expect((await again.engine.read('a', 0, 9)).epoch).toBe(page.epoch);
  });
});

describe('an acknowledgement', () => {
  it('waits for the flush, and so does the announcement', async () => {
    const world = await open();
    world.engine.watch('a');
    world.store.hold();
    let answered = false;
    const result = append(world).then((placed) => {
      answered = true;
      return placed;
    });
    await expect.poll(() => world.store.writes).toBe(1);
    expect({ answered, received: world.received }).toEqual({ answered: false, received: [] });
    expect(await world.engine.read('a', 0, 9)).toMatchObject({ head: 0, messages: [] });
    world.store.release();
    expect(await result).toMatchObject({ offset: 1 });
    expect(world.received).toEqual([1]);
  });

  it('shares its flush with all appends that arrived during the previous one', async () => {
    const world = await open();
    world.store.hold();
    const first = append(world);
    await expect.poll(() => world.store.writes).toBe(1);
    const rest = Array.from({ length: 100 }, () => append(world));
    await nextTurn();
    world.store.release();
    await Promise.all([first, ...rest]);
    expect(world.store.writes).toBe(2);
  });

  it('of a repeat waits for the flush of the first', async () => {
    const world = await open();
    const keyed = { ...KEEP, key: 'k' };
    world.store.hold();
    let answers = 0;
    const answered = () => {
      answers++;
    };
    const first = append(world, 'a', keyed);
    const second = append(world, 'a', keyed);
    void first.then(answered);
    void second.then(answered);
    await expect.poll(() => world.store.writes).toBe(1);
    const third = append(world, 'a', keyed);
    await nextTurn();
    expect(answers).toBe(0);
    world.store.release();
    expect(await second).toEqual(await first);
    expect(await third).toEqual(await first);
    expect(world.store.writes).toBe(1);
  });

  it('comes for everything that was accepted before the engine is closed', async () => {
    const world = await open();
    const accepted = Array.from({ length: 50 }, () => append(world));
    const closing = world.engine.close();
    await expect(append(world)).rejects.toThrow(EngineUnavailable);
    await closing;
    expect((await Promise.all(accepted)).map(({ offset }) => offset)).toEqual(accepted.map((_, at) => at + 1));
    const after = await open(world);
    expect((await after.engine.read('a', 0, 99)).messages).toHaveLength(50);
  });
});

describe('a flush that fails', () => {
  const broken = new EngineUnavailable('the disk is broken');

  it('refuses its appends and the waiting ones, and leaves no hole', async () => {
    const world = await open();
    world.engine.watch('a');
    await append(world);
    world.store.hold();
    const carried = append(world);
    await expect.poll(() => world.store.writes).toBe(2);
    const waiting = append(world);
    world.store.failure = broken;
    world.store.release();
    await expect(carried).rejects.toBe(broken);
    await expect(waiting).rejects.toBe(broken);
    world.store.failure = undefined;
    world.clock.advance(1_000);
    expect(await append(world)).toMatchObject({ offset: 2 });
    expect(world.received).toEqual([1, 2]);
  });

  it('does not remember the keys of its appends', async () => {
    const world = await open();
    world.store.failure = broken;
    await expect(append(world, 'a', { ...KEEP, key: 'k' })).rejects.toBe(broken);
    world.store.failure = undefined;
    world.clock.advance(1_000);
    const repeat = await append(world, 'a', { ...KEEP, key: 'k' });
    expect(repeat).toMatchObject({ offset: 1, id: `m${count}` });
  });

  it('is reported as trouble until a write succeeds, which is tried without publishes too', async () => {
    const world = await open();
    world.store.failure = broken;
    await expect(append(world)).rejects.toBe(broken);
    expect(world.engine.trouble).toBe('the disk is broken');
    const { writes } = world.store;
    await expect(append(world)).rejects.toBe(broken);
    expect(world.store.writes).toBe(writes); // the disk is left alone for a moment
    expect(await world.engine.read('a', 0, 9)).toMatchObject({ head: 0 });
    world.store.failure = undefined;
    world.clock.advance(1_000);
    await expect.poll(() => world.engine.trouble).toBeUndefined();
  });

  it('that does not end is trouble, too', async () => {
    const world = await open();
    world.store.hold();
    const late = append(world);
    await expect.poll(() => world.store.writes).toBe(1);
    expect(world.engine.trouble).toBeUndefined();
    world.clock.advance(10_001);
    expect(world.engine.trouble).toContain('does not answer');
    world.store.release();
    await late;
    await expect.poll(() => world.engine.trouble).toBeUndefined();
  });
});

describe('what waits for the disk', () => {
  const MIB = 1024 * 1024;
  const large = 'x'.repeat(MIB - 100);

  it('is bounded: up to 64 MiB wait, later appends are refused until the disk has caught up', async () => {
    const world = await open();
    world.store.hold();
    const accepted = [append(world)];
    await vi.waitUntil(() => world.store.writes > 0);
    let refused: unknown;
    while (refused === undefined) {
      const one = append(world, 'a', { ...KEEP, retention: { count: 10, age: HOUR } }, large);
      accepted.push(one);
      refused = await Promise.race([one.catch((error: unknown) => error), nextTurn(undefined)]);
    }
    accepted.pop();
    expect(refused).toBeInstanceOf(EngineUnavailable);
    expect(String(refused)).toContain('does not keep up');
    expect(accepted.length - 1).toBe(65); // the append that exceeds the bound is the last
    world.store.release();
    expect((await Promise.all(accepted)).map(({ offset }) => offset)).toEqual(accepted.map((_, at) => at + 1));
    expect(await append(world)).toMatchObject({ offset: 67 });
  });

  it('goes in transactions of at most 8 MiB and 1,000 messages', async () => {
    const world = await open();
    world.store.hold();
    const first = append(world);
    await vi.waitUntil(() => world.store.writes > 0);
    const rest = [
      ...Array.from({ length: 1_001 }, () => append(world, 'a', { ...KEEP, retention: null })),
      ...Array.from({ length: 9 }, () => append(world, 'b', { ...KEEP, retention: { count: 1, age: HOUR } }, large)),
    ];
    await nextTurn();
    world.store.release();
    await Promise.all([first, ...rest]);
    expect(world.store.writes).toBe(1 + 1 + 2);
  });

  it('is refused behind a refused append, even if it was submitted before the refusal was known', async () => {
    const world = await open(undefined, { maxSize: 2 * MIB });
    await append(world);
    const huge = 'x'.repeat(9 * MIB); // a separate transaction
    const results = await Promise.allSettled([append(world, 'a', KEEP, huge), append(world, 'a'), append(world, 'b')]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled']);
    expect(await append(world)).toMatchObject({ offset: 2 });
  });

  it('no longer counts appends that were refused behind another', async () => {
    const world = await open(undefined, { maxSize: 2 * MIB });
    const huge = 'x'.repeat(40 * MIB);
    for (let at = 0; at < 3; at++) {
      const results = await Promise.allSettled([append(world, 'a', KEEP, huge), append(world, 'a', KEEP, huge)]);
      for (const one of results) expect(one.status === 'rejected' && one.reason).toBeInstanceOf(EngineFull);
    }
    expect(await append(world)).toMatchObject({ offset: 1 });
  });

  it('is left alone for a second after a failure', async () => {
    const world = await open();
    world.store.failure = new EngineUnavailable('the disk is broken');
    await expect(append(world)).rejects.toThrow();
    world.store.failure = undefined;
    world.clock.advance(999);
    await expect(append(world)).rejects.toThrow('the disk is broken');
    expect(world.store.writes).toBe(1);
  });

  it.each([
    [10_000, false],
    [10_001, true],
  ])('is trouble when a write takes longer than 10 seconds (%i ms)', async (ms, isTrouble) => {
    const world = await open();
    world.store.hold();
    const late = append(world);
    await vi.waitUntil(() => world.store.writes > 0);
    world.clock.advance(ms);
    expect(world.engine.trouble?.includes('does not answer') ?? false).toBe(isTrouble);
    world.store.release();
    await late;
  });
});

describe('a channel that has no message yet', () => {
  it('gets the epoch that its watchers know, even if another channel was removed in between', async () => {
    const world = await open();
    await append(world, 'b');
    await world.engine.watch('a');
    const { epoch } = await world.engine.read('a', 0, 0);
    world.clock.advance(25 * HOUR);
    await expect
      .poll(() => {
        world.clock.advance(1_000);
        return [...world.store.rows('channels', { limit: 9 })].length;
      })
      .toBe(0);
    expect((await world.engine.read('c', 0, 0)).epoch).not.toBe(epoch);
    expect((await world.engine.read('a', 0, 0)).epoch).toBe(epoch);
    expect(await append(world, 'a')).toMatchObject({ epoch, offset: 1 });
  });
});

describe('an expiry and an append in one transaction', () => {
  it('favours the append: a channel that receives a message is not removed', async () => {
    const world = await open();
    const { epoch } = await append(world, 'a', { retention: null, window: 0 });
    const HELD = { retention: null, window: 0 };
    world.clock.advance(500);
    world.store.hold();
    const first = append(world, 'c', HELD);
    await vi.waitUntil(() => world.store.writes > 1);
    world.clock.advance(25 * HOUR); // the sweep's step waits, too
    const coming = append(world, 'a', HELD);
    await nextTurn();
    world.store.release();
    await Promise.all([first, coming]);
    expect(await coming).toMatchObject({ epoch, offset: 2 });
    expect(await append(world, 'a', HELD)).toMatchObject({ epoch, offset: 3 });
  });

  it('is written once: expired revocations are not removed again and again', async () => {
    const world = await open();
    await world.engine.add({ user: 'ada', until: world.clock.now() + 1_000 });
    await expect
      .poll(() => {
        world.clock.advance(1_000);
        return [...world.store.rows('revocations', { limit: 9 })].length;
      })
      .toBe(0);
    await nextTurn();
    const { writes } = world.store;
    for (let at = 0; at < 20; at++) {
      world.clock.advance(1_000);
      await nextTurn();
      await nextTurn();
    }
    expect(world.store.writes).toBe(writes);
  });
});

describe('a store that cannot be read', () => {
  const spoiled = new Error('MDB_BAD_TXN: Transaction must abort');

  it.each(['get', 'rows', 'used'] as const)('(%s throws) refuses publishes, and ends nothing', async (method) => {
    const world = await open(undefined, { maxSize: 1024 * 1024 * 1024 });
    await append(world);
    world.store.broken.set(method, spoiled);
    world.clock.advance(1_000); // expired keys are looked for again
    const results = await Promise.allSettled([append(world), append(world, 'b'), append(world, 'c')]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    world.clock.advance(5_000); // the sweep, which tries again
    world.store.broken.clear();
    await expect
      .poll(() => {
        world.clock.advance(1_000);
        return world.engine.trouble;
      })
      .toBeUndefined();
    expect(await append(world)).toMatchObject({ offset: 2 });
  });

  it.each(['rows', 'used'] as const)(
    '(%s throws) is reported as trouble, and publishes get "unavailable"',
    async (method) => {
      const world = await open(undefined, { maxSize: 1024 * 1024 * 1024 });
      world.store.broken.set(method, spoiled);
      await expect(append(world)).rejects.toThrow(EngineUnavailable);
      expect(world.engine.trouble).toContain('MDB_BAD_TXN');
      await expect(append(world)).rejects.toThrow(EngineUnavailable);
    },
  );

  it('answers questions with a rejection, and works on for what can be read', async () => {
    const world = await open();
    await append(world);
    world.store.broken.set('get', spoiled);
    for (const ask of [
      () => world.engine.read('a', 0, 9),
      () => world.engine.seek('a', 0),
      () => world.engine.watch('a'),
    ]) {
      await expect(Promise.resolve(ask())).rejects.toBe(spoiled);
    }
    world.store.broken.clear();
    expect(await world.engine.read('a', 0, 9)).toMatchObject({ head: 1 });
  });

  it('carries out the jobs around one that cannot be planned', async () => {
    const world = await open();
    const { store } = world;
    const get = store.get.bind(store);
    vi.spyOn(store, 'get').mockImplementation((table, key) => {
      if (key.toString() === 'b') throw spoiled;
      return get(table, key);
    });
    const results = await Promise.allSettled([append(world, 'a'), append(world, 'b'), append(world, 'c')]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(world.engine.trouble).toBeUndefined();
  });

  it('is reported as a full disk even if the reserve cannot be released', async () => {
    const world = await open();
    world.store.broken.set('surrender', new Error('EROFS'));
    world.store.failure = new EngineFull('the disk is full');
    await expect(append(world)).rejects.toThrow('the disk is full');
    expect(world.engine.trouble).toBe('the disk is full');
  });

  it('acknowledges flushed appends even if the free space is unknown', async () => {
    const world = await open();
    world.store.failure = new EngineFull('the disk is full');
    await expect(append(world)).rejects.toThrow('the disk is full');
    world.store.failure = undefined;
    world.store.broken.set('recover', spoiled);
    const until = world.clock.now() + 60_000;
    world.clock.advance(1_000); // the sweep's write goes through
    await vi.waitUntil(() => world.store.writes > 1);
    await nextTurn();
    expect(world.engine.trouble).toBe('the disk is full');
    world.store.broken.clear();
    await expect
      .poll(() => {
        world.clock.advance(1_000);
        return world.engine.trouble;
      })
      .toBeUndefined();
    await world.engine.add({ user: 'ada', until });
    expect(await append(world)).toMatchObject({ offset: 1 });
  });

  it('gives its folder back although it cannot be closed', async () => {
    const world = await open();
    world.store.broken.set('close', spoiled);
    await expect(world.engine.close()).rejects.toBe(spoiled);
    world.store.broken.clear();
    await world.store.close();
    await open(world);
  });

  it('keeps revocations that are over until they are gone from disk', async () => {
    const world = await open();
    await world.engine.add({ user: 'ada', until: world.clock.now() + 1_000 });
    const { writes } = world.store;
    world.store.failure = new EngineUnavailable('the disk is broken');
    world.clock.advance(2_000);
    await vi.waitUntil(() => world.store.writes > writes);
    world.store.failure = undefined;
    await expect
      .poll(() => {
        world.clock.advance(1_000);
        return [...world.store.rows('revocations', { limit: 9 })].length;
      })
      .toBe(0);
  });
});

describe('a full disk', () => {
  it('refuses publishes until expiry has freed space, and keeps the reserve for that', async () => {
    const world = await open();
    const reserve = join(world.data, 'reserve');
    expect(existsSync(reserve)).toBe(true);
    await append(world);
    world.store.failure = new EngineFull('the disk is full');
    await expect(append(world)).rejects.toThrow('the disk is full');
    expect(existsSync(reserve)).toBe(false);
    world.store.failure = undefined;
    await expect(append(world)).rejects.toThrow('the disk is full');
    expect(await world.engine.read('a', 0, 9)).toMatchObject({ head: 1 });
    world.clock.advance(1_000);
    await expect.poll(() => world.engine.trouble).toBeUndefined();
    expect(existsSync(reserve)).toBe(true);
    expect(await append(world)).toMatchObject({ offset: 2 });
  });
});

describe('a full store', () => {
  const MIB = 1024 * 1024;
  const keep = { retention: { count: 10_000, age: 60_000 }, window: 60_000 };
  const text = 'x'.repeat(10_000);

  /** Publishes until there is no space. */
  async function fillUp(world: World): Promise<number> {
    for (let at = 0; ; at++) {
      const refused = await append(world, 'a', { ...keep, key: `k${at}` }, text).then(
        () => null,
        (error: unknown) => error,
      );
      if (refused === null) continue;
      expect(refused).toBeInstanceOf(EngineFull);
      return at;
    }
  }

  it('refuses publishes, continues to read and to answer repeats, and accepts publishes again when there is space', async () => {
    const world = await open(undefined, { maxSize: 2 * MIB });
    const taken = await fillUp(world);
    expect(taken).toBeGreaterThan(50);
    expect(statSync(join(world.data, 'log.mdb')).size).toBeLessThan(3 * MIB);
    expect((await world.engine.read('a', 0, 5)).messages).toHaveLength(5);
    expect(await append(world, 'a', { ...keep, key: 'k7' })).toMatchObject({ offset: 8 });
    expect(world.engine.trouble).toContain('durable.maxSize');
    world.clock.advance(60_001);
    await expect
      .poll(() => {
        world.clock.advance(20);
        return world.engine.trouble;
      })
      .toBeUndefined();
    expect(await append(world, 'a', keep, text)).toMatchObject({ offset: taken + 1 });
    expect(await fillUp(world)).toBeGreaterThan(taken / 2);
    expect(statSync(join(world.data, 'log.mdb')).size).toBeLessThan(3 * MIB);
  });

  it('never lets a small publish overtake a refused large one, in this flush or a waiting one', async () => {
    const world = await open(undefined, { maxSize: MIB });
    await append(world);
    const large = 'x'.repeat(MIB);
    const first = [append(world, 'a', keep, large), append(world, 'a'), append(world, 'b')];
    const results = await Promise.allSettled(first);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled']);
    expect(await append(world)).toMatchObject({ offset: 2 }); // publishes after the refusal continue

    world.store.hold();
    const { writes } = world.store;
    const flushing = append(world, 'c');
    await vi.waitUntil(() => world.store.writes > writes);
    const waiting = [append(world, 'a', keep, large), append(world, 'a'), append(world, 'b')];
    world.store.release();
    await flushing;
    expect((await Promise.allSettled(waiting)).map(({ status }) => status)).toEqual([
      'rejected',
      'rejected',
      'fulfilled',
    ]);
  });

  it('has room again with a greater limit', async () => {
    const world = await open(undefined, { maxSize: MIB });
    const taken = await fillUp(world);
    const after = await restart(world, { maxSize: 2 * MIB });
    expect(await append(after, 'a', keep, text)).toMatchObject({ offset: taken + 1 });
  });
});

describe('space', () => {
  const rows = ({ store }: World) => ({
    channels: [...store.rows('channels', { limit: 99_999 })].length,
    messages: [...store.rows('messages', { limit: 99_999 })].length,
    keys: [...store.rows('keys', { limit: 99_999 })].length + [...store.rows('expiries', { limit: 99_999 })].length,
  });

  /** Lets the sweep go on until `done`. */
  async function sweepUntil(world: World, done: () => boolean): Promise<void> {
    await expect
      .poll(() => {
        world.clock.advance(1_000);
        return done();
      })
      .toBe(true);
  }

  it('of messages beyond the count is given back at once', async () => {
    const world = await open();
    await fill(world, 500, { retention: { count: 10, age: HOUR }, window: 0 });
    expect(rows(world).messages).toBe(10);
  });

  it('of expired messages and keys is freed in unused channels too', async () => {
    const world = await open();
    for (let at = 0; at < 600; at++) await append(world, `c${at}`, { ...KEEP, window: 1_000, key: 'k' });
    await fill(world, 3_000, { ...KEEP, retention: { count: 5_000, age: HOUR } });
    expect(rows(world)).toMatchObject({ channels: 601, messages: 3_600, keys: 1_200 });
    world.clock.advance(HOUR + 1);
    await sweepUntil(world, () => rows(world).messages === 0 && rows(world).keys === 0);
    expect(await append(world)).toMatchObject({ offset: 3_001 });
  });

  it('of a channel is freed after a day without messages, and its epoch is not used again', async () => {
    const world = await open();
    const { epoch } = await append(world);
    await append(world, 'watched');
    world.engine.watch('watched');
    world.clock.advance(25 * HOUR);
    await sweepUntil(world, () => rows(world).channels === 1);
    const back = await append(world);
    expect(back).toMatchObject({ offset: 1 });
    expect(back.epoch).not.toBe(epoch);
    expect(await append(world, 'watched')).toMatchObject({ offset: 2, epoch });
  });

  it('of a key that was used again is kept for its second window', async () => {
    const world = await open();
    const keyed = { ...KEEP, window: 1_000, key: 'k' };
    await append(world, 'a', keyed);
    world.clock.advance(1_000);
    const second = await append(world, 'a', keyed);
    expect(second).toMatchObject({ offset: 2 });
    world.clock.advance(999);
    await fill(world, 10);
    expect(await append(world, 'a', keyed)).toEqual(second);
  });

  it('stays dropped when the rule becomes more generous', async () => {
    const world = await open();
    await append(world, 'a', { ...KEEP, retention: { count: 10, age: 50 } });
    world.clock.advance(51);
    await append(world);
    expect(await world.engine.read('a', 0, 9)).toMatchObject({ first: 2, messages: [{ offset: 2 }] });
  });

  it('of a shorter rule is freed in small steps, and dropped messages are invisible at once', async () => {
    const world = await open();
    await fill(world, 2_000, { ...KEEP, retention: { count: 5_000, age: HOUR } });
    await append(world, 'a', { ...KEEP, retention: { count: 5, age: HOUR } });
    expect(await world.engine.read('a', 0, 9)).toMatchObject({ first: 1_997 });
    expect(rows(world).messages).toBeGreaterThan(1_000);
    await sweepUntil(world, () => rows(world).messages === 5);
  });
});

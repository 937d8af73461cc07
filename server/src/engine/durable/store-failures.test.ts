import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { append, type DurableWorld, open, restart } from '../../../test/support/durable-world.ts';
import { EngineFull, EngineUnavailable } from '../engine.ts';

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
    await world.engine.revocations.add({ user: 'ada', until });
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
    await world.engine.revocations.add({ user: 'ada', until: world.clock.now() + 1_000 });
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
  async function fillUp(world: DurableWorld): Promise<number> {
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

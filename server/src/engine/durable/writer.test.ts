import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { append, HOUR, KEEP, lastId, open } from '../../../test/support/durable-world.ts';
import { EngineFull, EngineUnavailable } from '../engine.ts';

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
    expect(repeat).toMatchObject({ offset: 1, id: lastId() });
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

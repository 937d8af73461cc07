import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { append, type DurableWorld, fill, HOUR, KEEP, open } from '../../../test/support/durable-world.ts';

describe('space', () => {
  const rows = ({ store }: DurableWorld) => ({
    channels: [...store.rows('channels', { limit: 99_999 })].length,
    messages: [...store.rows('messages', { limit: 99_999 })].length,
    keys: [...store.rows('keys', { limit: 99_999 })].length + [...store.rows('expiries', { limit: 99_999 })].length,
  });

  /** Lets the sweep go on until `done`. */
  async function sweepUntil(world: DurableWorld, done: () => boolean): Promise<void> {
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

describe('an expiry and an append in one transaction', () => {
  it.each(['before', 'after'])('favours an append %s the expiry: the channel is not removed', async (order) => {
    const world = await open();
    const { epoch } = await append(world, 'a', { retention: null, window: 0 });
    const HELD = { retention: null, window: 0 };
    world.clock.advance(500);
    world.store.hold();
    const first = append(world, 'c', HELD);
    await vi.waitUntil(() => world.store.writes > 1);
    const expire = () => world.clock.advance(25 * HOUR); // the sweep's step waits, too
    if (order === 'after') expire();
    const coming = append(world, 'a', HELD);
    if (order === 'before') expire();
    await nextTurn();
    world.store.release();
    await Promise.all([first, coming]);
    expect(await coming).toMatchObject({ epoch, offset: 2 });
    expect(await append(world, 'a', HELD)).toMatchObject({ epoch, offset: 3 });
  });

  it('is written once: expired revocations are not removed again and again', async () => {
    const world = await open();
    const timers = world.clock.running; // one of them is that of the next sweep
    await world.engine.revocations.add({ user: 'ada', until: world.clock.now() + 1_000 });
    await expect
      .poll(() => {
        world.clock.advance(1_000);
        return [...world.store.rows('revocations', { limit: 9 })].length;
      })
      .toBe(0);
    const swept = () => vi.waitUntil(() => world.clock.running === timers);
    await swept();
    const { writes } = world.store;
    for (let at = 0; at < 20; at++) {
      world.clock.advance(1_000);
      await swept();
    }
    expect(world.store.writes).toBe(writes);
  });
});

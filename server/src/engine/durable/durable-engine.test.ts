import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { append, fill, folder, HOUR, KEEP, open, restart } from '../../../test/support/durable-world.ts';
import { ManualClock } from '../../util/clock.ts';
import { testEngine } from '../conformance/engine-conformance.ts';
import { presenceConformance } from '../conformance/presence-conformance.ts';
import { DurableEngine } from './durable-engine.ts';

testEngine('durable', (clock) => new DurableEngine({ data: folder(), clock }));

presenceConformance('the durable engine', () => {
  const clock = new ManualClock();
  const { presence } = new DurableEngine({ data: '', clock });
  return { store: presence, now: () => clock.now(), set: (by) => clock.set(by), pass: (ms) => clock.advance(ms) };
});

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

  it('remembers positions of sources', async () => {
    const world = await open();
    const from = (position: string) => ({ ...KEEP, source: { name: 'in', partition: '0', position } });
    await append(world, 'a', from('9'));
    const latest = await append(world, 'a', from('10'));
    const after = await restart(world);
    expect(await append(after, 'a', from('9'))).toEqual(latest);
    expect(await append(after, 'a', from('10'))).toEqual(latest);
    expect(await append(after, 'a', from('11'))).toMatchObject({ offset: 3 });
    after.clock.advance(32 * 24 * HOUR);
    await expect.poll(() => [...after.store.rows('keys', { limit: 9 })]).toEqual([]);
  });

  it('stores one expiry a day for a partition of a source', async () => {
    const world = await open();
    for (let at = 1; at <= 50; at++) {
      await append(world, 'a', { ...KEEP, source: { name: 'in', partition: '0', position: `${at}` } });
      world.clock.advance(1_000);
    }
    expect([...world.store.rows('expiries', { limit: 99 })].length).toBeLessThanOrEqual(2);
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
    await world.engine.revocations.add({ user: 'ada', until });
    await world.engine.revocations.add({ user: 'bob', until: until + 60_000 });
    const after = await restart(world);
    expect(await after.engine.revocations.all()).toEqual([
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

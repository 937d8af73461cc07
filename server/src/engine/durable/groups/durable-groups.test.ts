import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { HeldStore } from '../../../../test/support/held-store.ts';
import { ManualClock } from '../../../util/clock.ts';
import { GroupsBench, OPTIONS, QUEUE } from '../../conformance/groups-bench.ts';
import { testGroups } from '../../conformance/groups-conformance.ts';
import { EngineUnavailable } from '../../engine.ts';
import { DurableEngine } from '../durable-engine.ts';

const HOUR = 3_600_000;
const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'sluice-'));
  cleanups.push(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

testGroups('the durable engine', (clock) => new DurableEngine({ data: folder(), clock }), { modelRuns: 20 });

interface Opened {
  readonly bench: GroupsBench;
  readonly store: HeldStore;
  readonly data: string;
  readonly clock: ManualClock;
}

/** Opens an engine, perhaps on what another has left. */
async function open({ data = folder(), clock = new ManualClock() } = {}): Promise<Opened> {
  const stores: HeldStore[] = [];
  const openStore = async (...given: Parameters<typeof HeldStore.open>) => {
    const store = await HeldStore.open(...given);
    stores.push(store);
    return store;
  };
  const engine = new DurableEngine({ data, clock, openStore });
  const bench = await new GroupsBench(engine, clock).start();
  cleanups.push(() => engine.close());
  const [store] = stores;
  if (store === undefined) throw new Error('no store was opened');
  return { bench, store, data, clock };
}

async function restart(opened: Opened): Promise<Opened> {
  await opened.bench.engine.close();
  return open(opened);
}

const rowsOf = ({ store }: Opened) => [...store.rows('groups', { limit: 99_999 })].length;

describe('consumer groups of the durable engine', () => {
  const ref = { channel: 'a', group: 'g' };
  const queue = { channel: 'q', group: 'queue' };

  it('continue after a restart: deliveries in flight, delayed and dead messages, the position', async () => {
    const before = await open();
    await before.bench.fill('a', 5);
    const [first, second, third, fourth] = await before.bench.claim(ref, 4);
    await before.bench.settle(ref, [first as never]);
    await before.bench.settle(ref, [second as never], { type: 'nack', delay: 1_000, error: 'busy' });
    await before.bench.settle(ref, [third as never], { type: 'reject', error: 'broken' });
    const stats = await before.bench.stats(ref);
    const { bench, clock } = await restart(before);
    expect(await bench.stats(ref)).toEqual(stats);
    expect(stats).toMatchObject({ floor: 1, head: 5, ready: 1, inFlight: 1, delayed: 1, dead: 1 });
    expect((await bench.dead(ref)).letters).toMatchObject([{ offset: 3, reason: 'rejected', error: 'broken' }]);
    expect(await bench.settle(ref, [fourth as never])).toEqual([true]);
    clock.advance(1_000);
    const again = await bench.claim(ref);
    expect(again.map(({ message, attempt }) => [message.offset, attempt])).toEqual([
      [2, 2],
      [5, 1],
    ]);
    expect(await bench.groups.redrive(ref, OPTIONS, null)).toBe(1);
    const [redriven] = await bench.claim(ref);
    expect(redriven).toMatchObject({ attempt: 1, message: { offset: 3, data: 3 } });
  });

  it('keep the order after a restart', async () => {
    const before = await open();
    const options = { ...OPTIONS, orderBy: { kind: 'tag', tag: 'k' } as const };
    for (const k of ['x', 'x', 'y']) await before.bench.append('a', { k });
    const [x] = await before.bench.claim(ref, 9, options);
    const { bench } = await restart(before);
    expect(await bench.offsets(ref, 9, options)).toEqual([]);
    await bench.settle(ref, [x as never], { type: 'ack' }, options);
    expect(await bench.offsets(ref, 9, options)).toEqual([2]);
  });

  it('keep their fence after a restart; the row of a group without one does not mention it', async () => {
    const before = await open();
    await before.bench.fill('a', 2);
    const rowOf = ({ store }: Opened) =>
      [...store.rows('groups', { limit: 1 })].map(({ value }) => value.toString())[0];
    await before.bench.claim(ref, 1);
    expect(rowOf(before)).not.toContain('fence');
    await before.bench.groups.fence(ref, OPTIONS, 'one');
    expect(rowOf(before)).toContain('"fence":"one"');
    const { bench } = await restart(before);
    expect(await bench.claimFenced(ref, undefined)).toMatchObject({ deliveries: [], isFenced: true });
    expect((await bench.claimFenced(ref, 'one')).deliveries).toHaveLength(2);
  });

  it('confirm a settlement only when it is flushed', async () => {
    const { bench, store } = await open();
    await bench.fill('a', 1);
    const delivery = await bench.claimOne(ref);
    store.writes = 0;
    store.hold();
    let isConfirmed = false;
    const settled = bench.settle(ref, [delivery]).then((accepted) => {
      isConfirmed = true;
      return accepted;
    });
    await expect.poll(() => store.writes).toBe(1);
    expect(isConfirmed).toBe(false);
    store.release();
    expect(await settled).toEqual([true]);
  });

  it('read what a failed write has changed from disk again', async () => {
    const { bench, store, clock } = await open();
    await bench.fill('a', 2);
    const [first, second] = await bench.claim(ref, 2);
    store.failure = new EngineUnavailable('the disk is broken');
    await expect(bench.settle(ref, [first as never])).rejects.toThrow('the disk is broken');
    store.failure = undefined;
    clock.advance(1_000);
    expect(await bench.settle(ref, [first as never, second as never])).toEqual([true, true]);
    expect(await bench.stats(ref)).toMatchObject({ floor: 2, inFlight: 0 });
  });

  it('let no message die for an append that failed', async () => {
    const { bench, store, clock } = await open();
    const full = { maxLength: 1, overflow: 'dead-letter' as const };
    await bench.enqueue('q', full);
    store.failure = new EngineUnavailable('the disk is broken');
    await expect(bench.enqueue('q', full)).rejects.toThrow('the disk is broken');
    store.failure = undefined;
    clock.advance(1_000);
    expect(await bench.stats(queue, QUEUE)).toMatchObject({ ready: 1, dead: 0 });
  });

  it('of a queue begin with its first message, in the channel of that message', async () => {
    const opened = await open();
    await opened.bench.enqueue('q');
    await opened.bench.enqueue('q');
    expect(rowsOf(opened)).toBe(1);
    expect(await opened.bench.offsets(queue, 9, QUEUE)).toEqual([1, 2]);
    expect(rowsOf(opened)).toBe(3);
  });

  it('remember a gap until it is confirmed, even after a restart', async () => {
    const before = await open();
    const keep = { retention: { count: 2, age: HOUR } };
    for (let at = 0; at < 2; at++) await before.bench.append('a', undefined, keep);
    const [first] = await before.bench.claim(ref, 1);
    for (let at = 0; at < 5; at++) await before.bench.append('a', undefined, keep);
    await before.bench.settle(ref, [first as never]);
    const { bench, clock } = await restart(before);
    clock.advance(120_000);
    const { gaps, epoch } = await bench.claimAll(ref);
    expect(gaps).toEqual([{ from: { epoch, offset: 1 }, to: { epoch, offset: 5 }, reason: 'retention' }]);
    const again = await restart({ ...before, bench });
    expect((await again.bench.claimAll(ref)).gaps).toEqual(gaps);
    await again.bench.groups.confirmGaps(ref, gaps);
    const last = await restart(again);
    expect((await last.bench.claimAll(ref)).gaps).toEqual([]);
  });

  it('stay in memory as long as publishers or consumers use them', async () => {
    const { bench, store, clock } = await open();
    await bench.enqueue('q');
    for (let at = 0; at < 4; at++) {
      clock.advance(50_000);
      await bench.enqueue('q');
    }
    const get = vi.spyOn(store, 'get');
    await bench.enqueue('q');
    expect(get.mock.calls.filter(([table]) => table === 'groups')).toEqual([]);
  });

  it('write nothing for a claim that finds nothing', async () => {
    const { bench, store } = await open();
    await bench.claim(ref);
    store.writes = 0;
    for (let at = 0; at < 5; at++) await bench.claim(ref);
    expect(store.writes).toBe(0);
  });

  it('do not get the changes of a channel that has the same name', async () => {
    const before = await open();
    await before.bench.fill('a', 2);
    await before.bench.settle(ref, await before.bench.claim(ref));
    before.clock.advance(25 * HOUR);
    await expect
      .poll(() => {
        before.clock.advance(1_000);
        return rowsOf(before);
      })
      .toBe(0);
    await before.bench.fill('a', 1);
    expect(await before.bench.offsets(ref)).toEqual([1]);
  });

  it('keep their channel while messages wait for one of them', async () => {
    const opened = await open();
    await opened.bench.enqueue('q');
    await opened.bench.claim(ref, 1, { ...OPTIONS, start: 'newest' });
    for (let at = 0; at < 30; at++) {
      opened.clock.advance(HOUR);
      await opened.bench.stats(queue, QUEUE);
    }
    expect(await opened.bench.offsets(queue, 9, QUEUE)).toEqual([1]);
    await opened.bench.fill('a', 1);
    expect(await opened.bench.offsets(ref)).toEqual([1]);
  });

  it('are deleted when they have expired, which use postpones', async () => {
    const opened = await open();
    const options = { ...OPTIONS, expires: 10_000 };
    await opened.bench.fill('a', 3);
    await opened.bench.claim(ref, 1, options);
    for (let at = 0; at < 5; at++) {
      opened.clock.advance(5_000);
      await opened.bench.claim(ref, 0, options);
    }
    const restarted = await restart(opened);
    await restarted.bench.stats(ref);
    expect(rowsOf(restarted)).toBeGreaterThan(0);
    restarted.clock.advance(15_000);
    await expect
      .poll(() => {
        restarted.clock.advance(1_000);
        return rowsOf(restarted);
      })
      .toBe(0);
    expect(await restarted.bench.offsets(ref, 9, options)).toEqual([1, 2, 3]);
  });
});

import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../util/clock.ts';
import { GroupsBench, OPTIONS, QUEUE } from '../conformance/groups-bench.ts';
import { testGroups } from '../conformance/groups-conformance.ts';
import { MemoryEngine } from './memory-engine.ts';

testGroups('the memory engine', (clock) => new MemoryEngine({ clock }), { modelRuns: 400 });

const HOUR = 3_600_000;
const ref = { channel: 'a', group: 'g' };

async function start() {
  const clock = new ManualClock();
  const engine = new MemoryEngine({ clock });
  const bench = await new GroupsBench(engine, clock).start();
  return { clock, engine, bench };
}

describe('MemoryGroups', () => {
  it('answers at once', async () => {
    const { engine } = await start();
    expect(engine.groups.claim(ref, OPTIONS, { token: 't', max: 1, maxLength: 1_000_000 })).not.toBeInstanceOf(Promise);
    expect(engine.groups.settle(ref, OPTIONS, [], { type: 'ack' })).not.toBeInstanceOf(Promise);
  });

  it('keeps nothing of a queue that is empty and was not used for an hour', async () => {
    const { clock, engine, bench } = await start();
    const queue = { channel: 'q', group: 'queue' };
    await bench.enqueue('q');
    await bench.settle(queue, [await bench.claimOne(queue, QUEUE)], { type: 'ack' }, QUEUE);
    clock.advance(HOUR + 61_000);
    expect(engine.size).toBe(0);
    await bench.enqueue('q');
    expect(await bench.claimAll(queue, 1, QUEUE)).toMatchObject({ deliveries: [{ attempt: 1 }], gaps: [] });
  });

  it.each<[string, (bench: GroupsBench) => Promise<unknown>]>([
    ['has unsettled messages', (bench) => bench.enqueue('a')],
    ['has dead letters', async (bench) => bench.settle(ref, await bench.claim(ref), { type: 'reject' })],
    ['is fenced', async (bench) => bench.groups.fence(ref, OPTIONS, 'one')],
    ['is watched', async (bench) => bench.groups.watch(ref)],
    ['began at the newest message', (bench) => bench.claim(ref, 1, { ...OPTIONS, start: 'newest' })],
  ])('keeps the log of a group that %s', async (_, use) => {
    const { clock, engine, bench } = await start();
    await bench.append('a', undefined, { retention: { count: 1, age: HOUR }, window: 0 });
    await use(bench);
    clock.advance(5 * HOUR);
    expect(engine.size).toBe(1);
  });

  it('deletes a group that was not used for its expiry', async () => {
    const { clock, engine, bench } = await start();
    const brief = { ...OPTIONS, start: 'newest' as const, expires: HOUR };
    await bench.append('a', undefined, { retention: { count: 1, age: 100 }, window: 0 });
    await bench.claim(ref, 1, brief);
    clock.advance(HOUR - 1_000);
    await bench.append('a', undefined, { retention: { count: 9, age: 9 * HOUR }, window: 0 });
    expect(await bench.offsets(ref, 9, brief)).toEqual([2]);
    clock.advance(2 * HOUR);
    expect(await bench.stats(ref, brief)).toMatchObject({ floor: 2, inFlight: 0 });
    expect(engine.size).toBe(1);
  });
});

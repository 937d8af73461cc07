import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../util/clock.ts';
import { GroupsBench, OPTIONS } from '../conformance/groups-bench.ts';
import { testGroups } from '../conformance/groups-conformance.ts';
import { DurableEngine } from '../durable/durable-engine.ts';
import { type Engine, EngineUnavailable } from '../engine.ts';
import { MemoryEngine } from '../memory/memory-engine.ts';
import { EngineOwner } from './engine-owner.ts';
import { RemoteEngine } from './remote-engine.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-remote-'));
afterAll(() => rmSync(folder, { recursive: true }));

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

let count = 0;
const freshPath = () => join(folder, `${++count}`);

async function startOwner(engine: Engine, path: string, clock: ManualClock): Promise<EngineOwner> {
  const owner = new EngineOwner({ engine, path, graceOf: () => 0, clock });
  await owner.start();
  return owner;
}

async function remoteOf(engine: Engine, clock: ManualClock): Promise<Engine> {
  const path = `${freshPath()}.sock`;
  const owner = await startOwner(engine, path, clock);
  cleanups.push(() => owner.close());
  return new RemoteEngine({ path, clock });
}

testGroups('an engine of another process, in memory,', (clock) => remoteOf(new MemoryEngine({ clock }), clock), {
  modelRuns: 20,
});

testGroups(
  'an engine of another process, on disk,',
  (clock) => remoteOf(new DurableEngine({ data: freshPath(), clock }), clock),
  {
    modelRuns: 5,
  },
);

describe('consumer groups of an engine of another process', () => {
  const ref = { channel: 'a', group: 'g' };
  const clock = new ManualClock();

  async function use(path: string): Promise<GroupsBench> {
    const bench = await new GroupsBench(new RemoteEngine({ path, clock }), clock).start();
    cleanups.push(() => bench.engine.close());
    return bench;
  }

  it('share messages between processes, and announce to those that watch', async () => {
    const path = `${freshPath()}.sock`;
    const owner = await startOwner(new MemoryEngine({ clock }), path, clock);
    cleanups.push(() => owner.close());
    const [first, second] = [await use(path), await use(path)];
    await first.groups.watch(ref);
    await second.fill('a', 6);
    await expect.poll(() => first.announced).toContainEqual(ref);
    expect(second.announced).toEqual([]);
    const [mine, theirs] = await Promise.all([first.offsets(ref, 3), second.offsets(ref, 3)]);
    expect([...mine, ...theirs].sort()).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('refuse calls while the owner is away; afterwards they are watched again, and announced', async () => {
    const path = `${freshPath()}.sock`;
    const data = freshPath();
    const owner = await startOwner(new DurableEngine({ data, clock }), path, clock);
    const bench = await use(path);
    await bench.groups.watch(ref);
    await bench.fill('a', 2);
    const [delivery] = await bench.claim(ref, 1);
    await owner.close();
    await expect.poll(() => bench.engine.trouble).toBeDefined();
    await expect(bench.claim(ref)).rejects.toBeInstanceOf(EngineUnavailable);
    bench.announced.length = 0;
    const next = await startOwner(new DurableEngine({ data, clock }), path, clock);
    cleanups.push(() => next.close());
    await expect
      .poll(() => {
        clock.advance(100);
        return bench.announced;
      })
      .toContainEqual(ref);
    expect(await bench.settle(ref, [delivery as never])).toEqual([true]);
    expect(await bench.offsets(ref)).toEqual([2]);
    bench.announced.length = 0;
    await bench.fill('a', 1);
    await expect.poll(() => bench.announced).toContainEqual(ref);
  });

  it('are no longer watched for a process that has gone', async () => {
    const path = `${freshPath()}.sock`;
    const engine = new MemoryEngine({ clock });
    const owner = await startOwner(engine, path, clock);
    cleanups.push(() => owner.close());
    const [first, second] = [await use(path), await use(path)];
    const unwatched: unknown[] = [];
    const unwatch = engine.groups.unwatch.bind(engine.groups);
    engine.groups.unwatch = (gone) => {
      unwatched.push(gone);
      unwatch(gone);
    };
    for (const bench of [first, second]) await bench.groups.watch(ref);
    await first.engine.close();
    await expect.poll(() => owner.size).toBe(1);
    expect(unwatched).toEqual([]);
    await second.engine.close();
    await expect.poll(() => unwatched).toEqual([ref]);
  });

  it('of an engine without groups are refused', async () => {
    const engine = new MemoryEngine({ clock });
    Object.defineProperty(engine, 'groups', { value: undefined });
    const path = `${freshPath()}.sock`;
    const owner = await startOwner(engine, path, clock);
    cleanups.push(() => owner.close());
    const bench = await use(path);
    await expect(bench.groups.claim(ref, OPTIONS, { token: 't', max: 1, maxLength: 1 })).rejects.toThrow(
      'this engine has no consumer groups',
    );
  });
});

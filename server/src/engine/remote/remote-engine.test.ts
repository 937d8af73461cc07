import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ManualClock } from '../../util/clock.ts';
import { testEngine } from '../conformance.ts';
import { type EngineListener, EngineUnavailable } from '../engine.ts';
import { MemoryEngine } from '../memory/memory-engine.ts';
import type { PresenceChange } from '../presence.ts';
import { presenceConformance } from '../presence-conformance.ts';
import { EngineOwner } from './engine-owner.ts';
import { RemoteEngine } from './remote-engine.ts';

const GRACE = 5_000;
const KEEP = { retention: { count: 1_000, age: 3_600_000 }, window: 60_000 };
const folder = mkdtempSync(join(tmpdir(), 'sluice-remote-'));
afterAll(() => rmSync(folder, { recursive: true }));
let count = 0;
const freshPath = () => join(folder, `${++count}.sock`);

async function startOwner(path: string, clock: ManualClock): Promise<EngineOwner> {
  const engine = new MemoryEngine({ clock });
  const owner = new EngineOwner({ engine, path, graceOf: () => GRACE, clock });
  await owner.start();
  return owner;
}

/** Closes the owner with it. */
class OwnedEngine extends RemoteEngine {
  readonly #owner: EngineOwner;

  constructor(owner: EngineOwner, options: ConstructorParameters<typeof RemoteEngine>[0]) {
    super(options);
    this.#owner = owner;
  }

  override async close(): Promise<void> {
    await super.close();
    await this.#owner.close();
  }
}

testEngine('remote', async (clock) => {
  const path = freshPath();
  return new OwnedEngine(await startOwner(path, clock), { path, clock });
});

const makePresence = async () => {
  const clock = new ManualClock();
  const path = freshPath();
  const engine = new OwnedEngine(await startOwner(path, clock), { path, clock });
  await engine.start({ deliver: () => {} });
  const { presence } = engine;
  presence.close = () => void engine.close();
  const pass = async (ms: number) => {
    clock.advance(ms);
    await presence.roster('room'); // announcements come before the answer
  };
  return { store: presence, now: () => clock.now(), pass };
};

presenceConformance('the remote engine', makePresence, { runs: 25 });

/** One owner that can die and come back, and processes that use it. */
async function world() {
  const clock = new ManualClock();
  const path = freshPath();
  let owner = await startOwner(path, clock);
  const engines: RemoteEngine[] = [];
  return {
    clock,
    async use(listener: Partial<EngineListener> = {}): Promise<RemoteEngine> {
      const engine = new RemoteEngine({ path, clock });
      engines.push(engine);
      await engine.start({ deliver: () => {}, ...listener });
      return engine;
    },
    async die(): Promise<void> {
      await owner.close();
      await expect.poll(() => engines.every(({ trouble }) => trouble !== undefined)).toBe(true);
    },
    async revive(): Promise<void> {
      owner = await startOwner(path, clock);
      await expect
        .poll(() => {
          clock.advance(100);
          return engines.every(({ trouble }) => trouble === undefined);
        })
        .toBe(true);
    },
    async end(): Promise<void> {
      await Promise.all(engines.map((engine) => engine.close()));
      await owner.close();
    },
  };
}

describe('a remote engine', () => {
  const entry = (id: string, clock: ManualClock) => ({ id, time: clock.now(), data: id });

  it('announces to every process that watches, whoever appends', async () => {
    const { clock, use, end } = await world();
    const heard: string[] = [];
    const listener = (name: string) => ({
      deliver: (channel: string, _: string, { offset }: { offset: number }) =>
        void heard.push(`${name} ${channel} ${offset}`),
    });
    const [a, b, c] = [await use(listener('a')), await use(listener('b')), await use(listener('c'))];
    await a.watch('x');
    await b.watch('x');
    await c.append('x', entry('m1', clock), KEEP);
    await expect.poll(() => heard.toSorted()).toEqual(['a x 1', 'b x 1']);
    a.unwatch('x');
    await a.append('x', entry('m2', clock), KEEP);
    await expect.poll(() => heard.toSorted()).toEqual(['a x 1', 'b x 1', 'b x 2']);
    await end();
  });

  it('refuses while the owner is away, then reports what it watches as interrupted', async () => {
    const { clock, use, die, revive, end } = await world();
    const interrupted: string[] = [];
    const engine = await use({ interrupted: (channel) => void interrupted.push(channel) });
    await engine.watch('x');
    const { epoch } = await engine.append('x', entry('m1', clock), KEEP);
    const lost = engine.append('x', entry('m2', clock), KEEP);
    const outcome = expect(lost).rejects.toBeInstanceOf(EngineUnavailable);
    await die();
    await lost.catch(() => {});
    expect(engine.trouble).toContain('away');
    await expect(engine.append('x', entry('m3', clock), KEEP)).rejects.toBeInstanceOf(EngineUnavailable);
    await revive();
    await expect.poll(() => interrupted).toEqual(['x']);
    expect((await engine.append('x', entry('m4', clock), KEEP)).epoch).not.toBe(epoch);
    await end();
    await outcome.catch(() => {}); // the append may have been answered before the owner died
  });

  it('tells an owner that starts anew who is present, and keeps counting versions', async () => {
    const { use, die, revive, end } = await world();
    const engine = await use();
    const changes: PresenceChange[] = [];
    let interrupted = 0;
    engine.presence.start(
      (change) => changes.push(change),
      () => interrupted++,
    );
    engine.presence.watch('room');
    await engine.presence.enter({ channel: 'room', connection: 'c1', user: 'ada', state: 'here' });
    await engine.presence.enter({ channel: 'room', connection: 'c2', user: 'bob' });
    await engine.presence.leave({ channel: 'room', connection: 'c2', user: 'bob' }, 0);
    const before = await engine.presence.roster('room');
    await die();
    await revive();
    await expect.poll(() => interrupted).toBe(1);
    const after = await engine.presence.list('room', 0, 10);
    expect(after.members.map(({ member }) => member)).toMatchObject([{ user: 'ada', state: 'here', connections: 1 }]);
    expect(after.version).toBeGreaterThan(before.version);
    await end();
  });

  it('lets those leave after the grace whose process has died', async () => {
    const { clock, use, end } = await world();
    const [dying, other] = [await use(), await use()];
    await dying.presence.enter({ channel: 'room', connection: 'c1', user: 'ada' });
    await dying.close();
    const total = async () => (await other.presence.roster('room')).total;
    expect(await total()).toBe(1);
    clock.advance(GRACE - 1);
    expect(await total()).toBe(1);
    await expect
      .poll(() => {
        clock.advance(1);
        return total();
      })
      .toBe(0);
    await end();
  });

  it('keeps tokens revoked when the owner starts anew', async () => {
    const { clock, use, die, revive, end } = await world();
    const engine = await use();
    const revocation = { user: 'ada', before: clock.now(), until: clock.now() + 60_000 };
    await engine.revocations.add(revocation);
    await die();
    await revive();
    await expect.poll(() => engine.revocations.all()).toEqual([revocation]);
    await end();
  });

  it('does not start without an owner', async () => {
    const clock = new ManualClock();
    const engine = new RemoteEngine({ path: freshPath(), clock });
    const starting = engine.start({ deliver: () => {} });
    clock.advance(10_000);
    await expect(starting).rejects.toThrow('cannot be reached');
    await engine.close();
    expect(clock.running).toBe(0);
  });
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ManualClock } from '../../util/clock.ts';
import { testEngine } from '../conformance/engine-conformance.ts';
import { nodesConformance } from '../conformance/nodes-conformance.ts';
import { presenceConformance } from '../conformance/presence-conformance.ts';
import { type Engine, type EngineListener, EngineUnavailable } from '../engine.ts';
import { MemoryEngine } from '../memory/memory-engine.ts';
import type { PresenceChange } from '../presence.ts';
import { EngineOwner } from './engine-owner.ts';
import { RemoteEngine } from './remote-engine.ts';

const GRACE = 5_000;
const KEEP = { retention: { count: 1_000, age: 3_600_000 }, window: 60_000 };
const folder = mkdtempSync(join(tmpdir(), 'sluice-remote-'));
afterAll(() => rmSync(folder, { recursive: true }));
let count = 0;
const freshPath = () => join(folder, `${++count}.sock`);

/** An engine whose calls the test holds back or refuses, and whose trouble it makes. */
class Trying extends MemoryEngine {
  kept = 0;
  holding = false;
  refusal: Error | undefined;
  ailment: string | undefined;

  override append(...asked: Parameters<MemoryEngine['append']>): ReturnType<MemoryEngine['append']> {
    if (!this.holding) return super.append(...asked);
    this.kept++;
    return new Promise<never>(() => {}) as never;
  }

  get trouble(): string | undefined {
    return this.ailment;
  }
}

async function startOwner(
  path: string,
  clock: ManualClock,
  engine = new MemoryEngine({ clock }),
): Promise<EngineOwner> {
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
  return { store: presence, now: () => clock.now(), set: (by: number) => clock.set(by), pass };
};

presenceConformance('the remote engine', makePresence, { runs: 25 });

nodesConformance('the remote engine', async () => {
  const clock = new ManualClock();
  const path = freshPath();
  const owner = await startOwner(path, clock);
  const engines = [new RemoteEngine({ path, clock }), new RemoteEngine({ path, clock })] as const;
  for (const engine of engines) await engine.start({ deliver: () => {} });
  return {
    nodes: [engines[0].nodes, engines[1].nodes],
    die: (at) => engines[at].close(),
    close: async () => {
      for (const engine of engines) await engine.close();
      await owner.close();
    },
  };
});

/** An owner that can be killed and restarted, and processes that use it. */
async function world() {
  const clock = new ManualClock();
  const path = freshPath();
  const make = () => {
    const made = new Trying({ clock });
    const enter = made.presence.enter.bind(made.presence);
    made.presence.enter = (request) => {
      if (made.refusal !== undefined) throw made.refusal;
      return enter(request);
    };
    return made;
  };
  let engine = make();
  let owner = await startOwner(path, clock, engine);
  const engines: RemoteEngine[] = [];
  return {
    clock,
    /** What the test makes of the owner's engine. */
    owner: {
      hold: () => {
        engine.holding = true;
      },
      refuse: (error: Error | undefined) => {
        engine.refusal = error;
      },
      get held() {
        return engine.kept;
      },
      set trouble(trouble: string | undefined) {
        engine.ailment = trouble;
      },
    },
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
      engine = make();
      owner = await startOwner(path, clock, engine);
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

  it('announces to every watching process, whichever process appends', async () => {
    const { clock, use, end } = await world();
    const received: string[] = [];
    const listener = (name: string) => ({
      deliver: (channel: string, _: string, { offset }: { offset: number }) =>
        void received.push(`${name} ${channel} ${offset}`),
    });
    const [a, b, c] = [await use(listener('a')), await use(listener('b')), await use(listener('c'))];
    await a.watch('x');
    await b.watch('x');
    await c.append('x', entry('m1', clock), KEEP);
    await expect.poll(() => received.toSorted()).toEqual(['a x 1', 'b x 1']);
    a.unwatch('x');
    await a.append('x', entry('m2', clock), KEEP);
    await expect.poll(() => received.toSorted()).toEqual(['a x 1', 'b x 1', 'b x 2']);
    await end();
  });

  it('is not watched any more at the owner once no process watches', async () => {
    const clock = new ManualClock();
    const path = freshPath();
    const memory = new MemoryEngine({ clock });
    const unwatched: string[] = [];
    const { log, presence }: Engine = memory;
    memory.unwatch = (channel) => void unwatched.push(`log ${channel}`);
    presence.unwatch = (channel) => void unwatched.push(`presence ${channel}`);
    expect(log).toBe(memory);
    const owner = await startOwner(path, clock, memory);
    const engines = [new RemoteEngine({ path, clock }), new RemoteEngine({ path, clock })];
    for (const engine of engines) {
      await engine.start({ deliver: () => {} });
      await engine.watch('x');
      await engine.presence.watch('x');
    }
    const [a, b] = engines;
    a?.unwatch('x');
    a?.presence.unwatch('x');
    await a?.read('x', 0, 1); // the owner has read what came before
    expect(unwatched).toEqual([]);
    b?.unwatch('x');
    b?.presence.unwatch('x');
    await expect.poll(() => unwatched.toSorted()).toEqual(['log x', 'presence x']);
    for (const engine of engines) await engine.close();
    await owner.close();
  });

  it('refuses calls while the owner is away, then reports its watched channels as interrupted', async () => {
    const { clock, use, die, revive, end } = await world();
    const interrupted: string[] = [];
    const engine = await use({ interrupted: (channel) => void interrupted.push(channel) });
    await engine.watch('x');
    const { epoch } = await engine.append('x', entry('m1', clock), KEEP);
    await die();
    expect(engine.trouble).toContain('away');
    await expect(engine.append('x', entry('m3', clock), KEEP)).rejects.toBeInstanceOf(EngineUnavailable);
    await revive();
    await expect.poll(() => interrupted).toEqual(['x']);
    expect((await engine.append('x', entry('m4', clock), KEEP)).epoch).not.toBe(epoch);
    await end();
  });

  it('refuses calls that were pending when the owner crashed', async () => {
    const { clock, use, owner, die, end } = await world();
    const engine = await use();
    owner.hold();
    const lost = engine.append('x', entry('m1', clock), KEEP);
    const results = expect(lost).rejects.toBeInstanceOf(EngineUnavailable);
    await expect.poll(() => owner.held).toBe(1);
    await die();
    await results;
    await end();
  });

  it('does not remember members whose enter was refused, or who left while the owner was away', async () => {
    const { use, owner, die, revive, end } = await world();
    const engine = await use();
    await engine.presence.enter({ channel: 'room', connection: 'c1', user: 'ada' });
    owner.refuse(new EngineUnavailable('no'));
    await expect(engine.presence.enter({ channel: 'room', connection: 'c2', user: 'ben' })).rejects.toThrow('no');
    owner.refuse(undefined);
    await die();
    await engine.presence.leave({ channel: 'room', connection: 'c1', user: 'ada' }, 0);
    await revive();
    await expect.poll(async () => (await engine.presence.roster('room')).total).toBe(0);
    await end();
  });

  it('receives nothing of channels that it no longer watches when the owner is back', async () => {
    const { clock, use, die, revive, end } = await world();
    const received: string[] = [];
    const interrupted: string[] = [];
    const engine = await use({
      deliver: (channel) => void received.push(channel),
      interrupted: (channel) => void interrupted.push(channel),
    });
    const changes: PresenceChange[] = [];
    engine.presence.start((change) => changes.push(change));
    for (const channel of ['x', 'y']) {
      await engine.watch(channel);
      engine.presence.watch(channel);
    }
    engine.unwatch('x');
    engine.presence.unwatch('x');
    await die();
    await revive();
    await expect.poll(() => interrupted).toEqual(['y']);
    for (const channel of ['x', 'y']) {
      await engine.append(channel, entry(channel, clock), KEEP);
      await engine.presence.enter({ channel, connection: 'c1', user: 'ada' });
    }
    await expect.poll(() => received).toEqual(['y']);
    expect(changes.map(({ channel }) => channel)).toEqual(['y']);
    await end();
  });

  it('is notified of trouble with the engine and of its end', async () => {
    const { clock, use, owner, end } = await world();
    const engine = await use();
    for (const trouble of ['the disk is full', undefined]) {
      owner.trouble = trouble;
      await expect
        .poll(() => {
          clock.advance(1_000);
          return engine.trouble;
        })
        .toBe(trouble);
    }
    const second = await use();
    expect(second.trouble).toBeUndefined();
    await end();
  });

  it('forwards signals to all processes, and revocations that one missed', async () => {
    const { clock, use, die, revive, end } = await world();
    const received: string[][] = [[], []];
    const engines: RemoteEngine[] = [];
    for (const mine of received)
      engines.push(await use({ signal: (signal) => void mine.push(JSON.stringify(signal)) }));
    await engines[0]?.signal({ type: 'drain', node: 'n' });
    const drain = JSON.stringify({ type: 'drain', node: 'n' });
    await expect.poll(() => received).toEqual([[drain], [drain]]);
    const revocation = { user: 'ada', before: clock.now(), until: clock.now() + 60_000 };
    await engines[0]?.revocations.add(revocation);
    await expect.poll(() => received.map((mine) => mine.length)).toEqual([2, 2]);
    await die();
    clock.advance(59_000);
    await revive();
    await expect.poll(() => engines[1]?.revocations.all()).toEqual([revocation]);
    clock.advance(1_000);
    expect(await engines[1]?.revocations.all()).toEqual([]);
    await end();
  });

  it('waits for nothing, and leaves no timer, once it is closed while it looks for the owner', async () => {
    const { clock, use, die, end } = await world();
    const engine = await use();
    await die();
    await expect(engine.append('x', entry('m1', clock), KEEP)).rejects.toThrow('cannot be reached');
    await engine.close();
    await end();
    expect(clock.running).toBe(0);
  });

  it('opens its mailboxes and offers again at a restarted owner', async () => {
    const { use, die, revive, end } = await world();
    const [one, two] = [await use(), await use()];
    const received: string[] = [];
    let interrupted = 0;
    const mailbox = await one.nodes.open('one', {
      received: (from, message) => void received.push(`${from} ${message}`),
      interrupted: () => interrupted++,
    });
    const other = await two.nodes.open('two', { received: () => {} });
    await mailbox.offer('sums', 4);
    await die();
    await mailbox.offer('products', 2);
    await expect(other.send('one', 'lost')).rejects.toThrow('cannot be reached');
    await revive();
    await expect.poll(() => interrupted).toBe(1);
    const offers = [await mailbox.responders('sums'), await mailbox.responders('products')];
    expect(offers).toEqual([[{ node: 'one', capacity: 4 }], [{ node: 'one', capacity: 2 }]]);
    await expect.poll(() => Promise.resolve(other.send('one', 'hello')).catch(() => false)).toBe(true);
    await expect.poll(() => received).toEqual(['two hello']);
    await end();
  });

  it('enters the members at a restarted owner, and continues to count versions', async () => {
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

  it('keeps tokens revoked when the owner restarts', async () => {
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
